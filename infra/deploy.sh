#!/usr/bin/env bash
# Builds the program, deploys it to AWS with template.yaml, makes its tables, and says where to send.
set -euo pipefail

program=infra/deploy.sh
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/stack.sh
source "$here/stack.sh"

usage() {
  cat <<'END'
usage: infra/deploy.sh --region REGION [options]

Builds the program, deploys it to AWS Lambda as a CloudFormation stack (template.yaml), makes the tables that are missing,
sets how long the snapshots of these are kept, and prints the endpoint. Run again, it changes what you name and keeps
the rest.

  --region REGION        where, such as eu-central-1
  --stack NAME           the stack's name: otlp2parquet when not given
  --mode iceberg|plain   tables in an S3 table bucket, or Parquet files in a bucket
  --auth token|iam       a bearer token in Secrets Manager, or requests signed with AWS credentials
  --endpoint function-url|http-api
  --set NAME=VALUE       another parameter of template.yaml; as often as you like. NAME= empties it
  --snapshot-hours N     how long the program's seven tables keep snapshots. When not given, those that it makes keep
                         them for 24, and those that were there as long as before
  --leave-owed           with another mode, bucket or namespace: go on though commits are owed that the stack would make
                         no more
  -h, --help             show this

Credentials come from where every AWS tool looks: AWS_PROFILE and the like. infra/deploy-policy.json is what they have
to allow. Needs aws (2.x, with s3tables), sam, make, node (22.12 or newer) and npm.
END
}

region=''
stack=otlp2parquet
hours=''
leave_owed=no
set_parameters=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --region) region=$(value "$@") ;;
    --stack) stack=$(value "$@") ;;
    --mode)
      mode=$(value "$@")
      case $mode in iceberg | plain) ;; *) usage_error "--mode is iceberg or plain, not $mode" ;; esac
      set_parameters+=("Mode=$mode")
      ;;
    --auth)
      auth=$(value "$@")
      case $auth in token | iam) ;; *) usage_error "--auth is token or iam, not $auth" ;; esac
      set_parameters+=("Auth=$auth")
      ;;
    --endpoint)
      endpoint=$(value "$@")
      case $endpoint in function-url | http-api) ;; *) usage_error "--endpoint is function-url or http-api, not $endpoint" ;; esac
      set_parameters+=("Endpoint=$endpoint")
      ;;
    --set)
      pair=$(value "$@")
      [[ $pair == [A-Z]*=* ]] || usage_error "--set wants NAME=VALUE, with a parameter of template.yaml, not $pair"
      grep -q "^  ${pair%%=*}:\$" "$here/../template.yaml" || usage_error "template.yaml has no parameter ${pair%%=*}"
      # SAM reads them in ways of its own, and no parameter may hold one.
      case $pair in *[\"\\]*) usage_error "--set wants neither quotes nor backslashes in $pair" ;; esac
      set_parameters+=("$pair")
      ;;
    --snapshot-hours)
      hours=$(value "$@")
      [[ $hours =~ ^[1-9][0-9]*$ ]] || usage_error "--snapshot-hours wants a whole number, not $hours"
      ;;
    --leave-owed)
      leave_owed=yes
      shift
      continue
      ;;
    *) usage_error "what is $1" ;;
  esac
  shift 2
done
[ -n "$region" ] || usage_error '--region is missing'
# Names of the table bucket and of functions are made of it.
[[ $stack =~ ^[a-z][a-z0-9-]{0,50}$ ]] ||
  usage_error "--stack wants lower-case letters, digits and dashes, 51 at most, a letter first, not $stack"

need_aws
need_deployer
need_credentials

# set_to NAME ELSE: what a parameter is set to, the last time it is named; ELSE where it is not.
set_to() {
  local pair last=$2
  for pair in ${set_parameters[@]+"${set_parameters[@]}"}; do
    case $pair in "$1="*) last=${pair#*=} ;; esac
  done
  printf '%s' "$last"
}

# differs NAME NOW: whether a parameter is set to something else than what it is now.
differs() { [ "$(set_to "$1" "$2")" != "$2" ]; }

# bucket_of MODE ARN NAME: the name of the table bucket that a stack with these parameters makes, or nothing.
bucket_of() { if [ "$1" = iceberg ] && [ -z "$2" ]; then printf '%s' "${3:-$stack-tables}"; fi; }

if read_outputs; then
  status=$(stack_status) || die "cannot read the stack $stack in $region"
  events="aws cloudformation describe-stack-events --region $region --stack-name $stack"
  case $status in
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED)
      die "the stack's first deployment failed ($status), so that it can only be removed: $events says why, infra/destroy.sh --region $region --stack $stack removes it (with --delete-data what it made, too); then run this again"
      ;;
    DELETE_FAILED) die "the stack was to be removed ($status): $events says what is in the way; mend that, then infra/destroy.sh --region $region --stack $stack" ;;
    # Nothing but a plan that came to nothing: it can be deployed.
    REVIEW_IN_PROGRESS) ;;
    *_IN_PROGRESS) die "somebody is changing the stack ($status): $(way_out "$status")" ;;
    *) is_whole "$status" || die "the stack is neither as it was nor as it should be ($status): $(way_out "$status")" ;;
  esac
else
  outputs=''
fi

# A stack of the same name, or this one before it had mode plain, may have left its table bucket, on purpose: nobody but you
# knows whether to go on with it.
was=$(output Mode)
parameters=''
if [ -n "$was" ]; then read_parameters; fi
own=$(bucket_of "$was" "$(parameter TableBucketArn)" "$(parameter TableBucketName)")
next=$(bucket_of "$(set_to Mode "${was:-iceberg}")" "$(set_to TableBucketArn "$(parameter TableBucketArn)")" \
  "$(set_to TableBucketName "$(parameter TableBucketName)")")
if [ "$next" = "$stack-tables" ] && [ "$next" != "$own" ]; then
  earlier=arn:$partition:s3tables:$region:$account:bucket/$next
  if aws s3tables get-table-bucket --region "$region" --table-bucket-arn "$earlier" >/dev/null 2>&1; then
    die "there is a table bucket $next of before. To go on with it: --set TableBucketArn=$earlier --set StateBucketName=(the bucket with its receipts); for a new one: --set TableBucketName=another-name"
  fi
fi

# Receipts of these tables in this bucket are paid by this stack as it is, and by nothing after it: its roles may reach no
# other namespace either.
owing=''
if [ "$(output Mode)" = iceberg ]; then
  owing=$(output StateBucketName)
  ours=$(output TableBucketArn)
  its_namespace=$(output Namespace)
  receipts=$(output ReceiptsPrefix)
  folder=${receipts%_receipts/}
fi
leaves=no
if [ -n "$owing" ] && { differs Mode iceberg || differs TableBucketArn "$ours" ||
  differs TableBucketName "${ours##*/}" || differs Namespace "$its_namespace" ||
  differs StateBucketName "$owing" || differs StoragePrefix "${folder%/}"; }; then leaves=yes; fi

# The program asks for no token from then on, and AWS for signatures only when the rest is done: meanwhile nobody is let in.
guards=no
if [ "$(output Auth)" = token ] && differs Auth token; then guards=yes; fi
# How many may run at once, or are kept warm, would be set amid that, and end it or fail.
if [ "$leaves" = yes ] || [ "$guards" = yes ]; then
  for name in ReservedConcurrency ProvisionedConcurrency; do
    ! differs "$name" "$(parameter "$name")" || [ "$guards$name" = noReservedConcurrency ] ||
      die "the intake is stopped for this: set $name before it, or after it"
  done
fi

cd "$here/.."
export SAM_CLI_TELEMETRY=0
sam build --template-file template.yaml --region "$region"
if [ "$leaves" = yes ]; then
  settle
  [ "$left" = 0 ] || [ "$leave_owed" = yes ] ||
    die "$left commits are owed by receipts in $owing, and the stack would make them no more. Look at the log of the sweep (aws logs tail $(output LogGroupName) --region $region) and run this again; or go on all the same with --leave-owed"
fi
if [ "$guards" = yes ] && [ -z "$stopped" ]; then stop_intake; fi
# What is kept warm is a version, which takes nothing new: this makes another one.
case $(set_to ProvisionedConcurrency "$(parameter ProvisionedConcurrency)") in
  '' | 0) ;;
  *) set_parameters=("Release=$(date -u +%Y-%m-%dT%H.%M.%SZ)" ${set_parameters[@]+"${set_parameters[@]}"}) ;;
esac
# In quotes, without which SAM takes a value for ended at a blank, and an empty one for none.
overrides=()
for pair in ${set_parameters[@]+"${set_parameters[@]}"}; do overrides+=("${pair%%=*}=\"${pair#*=}\""); done
if [ ${#overrides[@]} -gt 0 ]; then overrides=(--parameter-overrides "${overrides[@]}"); fi
# An empty array is an error for the bash that macOS has, hence the ${…+…}.
sam deploy --template-file .aws-sam/build/template.yaml --stack-name "$stack" --region "$region" --resolve-s3 \
  --capabilities CAPABILITY_IAM --no-confirm-changeset --no-fail-on-empty-changeset \
  ${overrides[@]+"${overrides[@]}"}

read_outputs || die "the stack $stack is not there after all"
start_intake

# our_tables: those of the program's seven tables that are there, each with a blank behind it. Others' are not ours to touch.
our_tables() {
  local all name
  all=$(aws s3tables list-tables --region "$region" --table-bucket-arn "$bucket" \
    --query "tables[?namespace[0]=='$namespace'].name" --output text) || die "cannot list the tables of $bucket"
  for name in logs traces metrics_gauge metrics_sum metrics_histogram metrics_exponential_histogram metrics_summary; do
    if grep -qwF "$name" <<<"$all"; then printf '%s ' "$name"; fi
  done
}

before=''
if [ "$(output Mode)" = iceberg ]; then
  bucket=$(output TableBucketArn)
  namespace=$(output Namespace)
  before=$(our_tables)
fi
echo 'making what is missing: namespace and tables'
# What one made that failed half way is seen to all the same: the next run would take these tables for somebody else's choice.
init_failed=no
(invoke "$(output FunctionName):live" init >/dev/null) || init_failed=yes

if [ "$(output Mode)" = iceberg ]; then
  tables=$(our_tables)
  settings="{\"status\":\"enabled\",\"settings\":{\"icebergSnapshotManagement\":{\"minSnapshotsToKeep\":100,\"maxSnapshotAgeHours\":${hours:-24}}}}"
  for table in $tables; do
    # How long somebody wanted to look back is theirs to say.
    if [ -z "$hours" ] && [[ " $before" == *" $table "* ]]; then continue; fi
    aws s3tables put-table-maintenance-configuration --region "$region" --table-bucket-arn "$bucket" \
      --namespace "$namespace" --name "$table" --type icebergSnapshotManagement --value "$settings" ||
      die "cannot set how long $table keeps snapshots: once that is mended, say --snapshot-hours ${hours:-24}"
    echo "table $namespace.$table: snapshots are kept for ${hours:-24} h"
  done
fi
[ "$init_failed" = no ] || exit 1

sweep=$(output SweepFunctionName)
if [ -n "$sweep" ]; then
  kept=$(at_once "$sweep") || die "cannot read how many of $sweep may run at once: $kept"
fi

echo
echo "endpoint  $(output Endpoint)"
case $(output Auth) in
  token) echo "token     aws secretsmanager get-secret-value --region $region --secret-id $(output TokensSecretArn) --query SecretString --output text" ;;
  iam) echo 'auth      requests are signed with AWS credentials (SigV4)' ;;
esac
echo "log       aws logs tail $(output LogGroupName) --region $region --follow"
echo "next      infra/test.sh --stack $stack --region $region"
if [ "$(output Mode)" = iceberg ]; then
  echo "then      infra/deploy.sh --stack $stack --region $region --set CreateTables=false, which takes the right to make tables away"
fi

if [ "${kept:-}" = None ]; then
  echo "hint      busy functions of this account, the intake among them, can keep the sweep from running: --set SweepReservedConcurrency=1 keeps room for it, where the account's limit leaves 100 to all others"
fi

if [ "$leaves" = yes ]; then
  left=$(owed "$owing" "$receipts") || left=some
  if [ "$left" != 0 ]; then tell_unpaid "$left" "$owing" "$receipts" "$ours" "$its_namespace"; fi
  [ "$left" = 0 ] || [ "$leave_owed" = yes ]
fi
