#!/usr/bin/env bash
# Removes a stack that deploy.sh made. Data stays unless you say otherwise.
set -euo pipefail

program=infra/destroy.sh
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/stack.sh
source "$here/stack.sh"

usage() {
  cat <<'END'
usage: infra/destroy.sh --region REGION [--stack NAME] [--delete-data] [--yes]

Removes a stack that infra/deploy.sh made, after asking. Its buckets and tokens stay, and it says how to go on with
them. Before that the intake is stopped, and sweeps commit what is still owed, for as long as that takes. Where a sweep
pays nothing for two minutes the stack stays, and its intake goes on.

  --region REGION  where the stack is
  --stack NAME     the stack's name: otlp2parquet when not given
  --delete-data    delete the tables, the buckets and the secret that the stack made, too; it cannot be undone
  --yes            do not ask
  -h, --help       show this
END
}

region=''
stack=otlp2parquet
delete_data=no
ask=yes
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --region) region=$(value "$@") ;;
    --stack) stack=$(value "$@") ;;
    --delete-data)
      delete_data=yes
      shift
      continue
      ;;
    --yes)
      ask=no
      shift
      continue
      ;;
    *) usage_error "what is $1" ;;
  esac
  shift 2
done
[ -n "$region" ] || usage_error '--region is missing'
need_aws
need_credentials
read_outputs || die "there is no stack $stack in $region"
read_parameters

table_bucket=$(made TableBucket)
state_bucket=$(made StateBucket)
data_bucket=$(made DataBucket)
secret=$(made TokensSecret)

# default_of PARAMETER: what it is where nobody names it.
default_of() {
  sed -n "/^  $1:\$/,/^    Description:/s/^    Default: //p" "$here/../template.yaml" | sed "s/^'\(.*\)'\$/\1/"
}

# go_on: the command that brings the same stack back, with what of it is left.
go_on() {
  local name now
  printf '%s' "infra/deploy.sh --region $region --stack $stack"
  if [ -n "$(output TableBucketArn)" ]; then
    printf '%s' " --set TableBucketArn=$(output TableBucketArn) --set StateBucketName=$(output StateBucketName)"
  fi
  if [ -n "$(output DataBucketName)" ]; then printf '%s' " --mode plain --set DataBucketName=$(output DataBucketName)"; fi
  if [ -n "$(output TokensSecretArn)" ]; then printf '%s' " --set TokensSecretArn=$(output TokensSecretArn)"; fi
  while IFS=$'\t' read -r name now; do
    case $name in
      # Each deployment has its own.
      Release) continue ;;
      Mode | TableBucketArn | TableBucketName | StateBucketName | DataBucketName | TokensSecretArn)
        # Outputs tell what came of them; a first deployment that failed has none.
        if [ -n "$(output Mode)" ]; then continue; fi
        ;;
    esac
    # One of an older template cannot be set.
    if ! grep -q "^  $name:\$" "$here/../template.yaml" || [ "$now" = "$(default_of "$name")" ]; then continue; fi
    printf ' --set %q' "$name=$now"
  done <<<"$parameters"
  echo
}

# confirm WORDS ANSWER: goes on only when somebody types the answer.
confirm() {
  local typed=''
  [ "$ask" = yes ] || return 0
  printf '%s\nType %s to go on: ' "$1" "$2"
  read -r typed || true
  [ "$typed" = "$2" ] || die 'nothing was done'
}

confirm "The stack $stack in $region will be removed: senders get no answers any more." "$stack"
if [ "$delete_data" = yes ]; then
  confirm "All data goes too: ${table_bucket:-} ${data_bucket:-} ${state_bucket:-}" 'delete data'
fi

# Where the tables go, nothing is owed any more.
pays=no
if [ -n "$(output SweepFunctionName)" ] && { [ "$delete_data" = no ] || [ -z "$table_bucket" ]; }; then pays=yes; fi

if [ "$pays" = yes ]; then
  settle
  # What is gone pays nothing, however often this is run.
  [ "$left" = 0 ] || [ "$sweeper" = gone ] ||
    die "$left commits are still owed, and nobody would make them: look at the log of the sweep, or run this again"
fi

aws cloudformation delete-stack --region "$region" --stack-name "$stack"
aws cloudformation wait stack-delete-complete --region "$region" --stack-name "$stack" ||
  die "the stack is not gone: aws cloudformation describe-stack-events --region $region --stack-name $stack"
stopped=''
echo "the stack $stack is gone"

# A request that outlived its answer may have left one more.
unpaid=0
if [ "$pays" = yes ]; then
  unpaid=$(owed "$(output StateBucketName)" "$(output ReceiptsPrefix)") || unpaid=some
  if [ "$unpaid" != 0 ]; then
    tell_unpaid "$unpaid" "$(output StateBucketName)" "$(output ReceiptsPrefix)" "$(output TableBucketArn)" \
      "$(output Namespace)"
    # Whatever else goes, they stay.
    if [ "$delete_data" = yes ]; then state_bucket=''; fi
  fi
fi

if [ "$delete_data" = no ]; then
  echo 'what stays:'
  for kept in "${table_bucket:-}" "${state_bucket:-}" "${data_bucket:-}" "${secret:-}"; do
    if [ -n "$kept" ]; then echo "  $kept"; fi
  done
  printf 'to go on with it:\n  '
  go_on
  [ "$unpaid" = 0 ]
  exit
fi

if [ -n "$table_bucket" ]; then
  namespaces=$(aws s3tables list-namespaces --region "$region" --table-bucket-arn "$table_bucket" \
    --query 'namespaces[].namespace[]' --output text)
  for namespace in $namespaces; do
    tables=$(aws s3tables list-tables --region "$region" --table-bucket-arn "$table_bucket" --namespace "$namespace" \
      --query 'tables[].name' --output text)
    for table in $tables; do
      aws s3tables delete-table --region "$region" --table-bucket-arn "$table_bucket" --namespace "$namespace" --name "$table"
    done
    aws s3tables delete-namespace --region "$region" --table-bucket-arn "$table_bucket" --namespace "$namespace"
  done
  aws s3tables delete-table-bucket --region "$region" --table-bucket-arn "$table_bucket"
  echo "deleted $table_bucket"
fi
for bucket in "$state_bucket" "$data_bucket"; do
  if [ -z "$bucket" ]; then continue; fi
  aws s3 rm "s3://$bucket" --region "$region" --recursive --only-show-errors
  aws s3api delete-bucket --region "$region" --bucket "$bucket"
  echo "deleted $bucket"
done
if [ -n "$secret" ]; then
  aws secretsmanager delete-secret --region "$region" --secret-id "$secret" --recovery-window-in-days 7 >/dev/null
  echo "$secret will be deleted in 7 days"
fi
[ "$unpaid" = 0 ]
