#!/usr/bin/env bash
# Tries with your own AWS account what no test could: the real S3 Tables, Lambda and Athena. Deploys a stack of its own,
# uses it, and removes it again, data and all. With --target cloudflare it is verify-cloudflare.sh.
set -euo pipefail

program=infra/verify-live.sh
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/stack.sh
source "$here/stack.sh"
# shellcheck source=infra/verify/trial.sh
source "$here/verify/trial.sh"

usage() {
  cat <<'END'
usage: infra/verify-live.sh --region REGION [--stack NAME] [--yes] [--keep]
       infra/verify-live.sh --target cloudflare [--name NAME] [--yes] [--keep]

With --target cloudflare it tries Workers and R2 instead: infra/verify-live.sh --target cloudflare --help. On AWS it
deploys a stack of its own to your AWS account, sends to it, lets writers collide, leaves receipts and sweeps them, asks
for the rows with DuckDB and Athena, and removes everything again. For each thing that is assumed of AWS and that no
test could see it prints PASS, FAIL or OPEN (not to be seen in minutes, or not with this account).

  --target NAME    aws, when not given, or cloudflare
  --region REGION  where
  --stack NAME     the stack's name: otlp2parquet-verify when not given; there must be none of that name
  --yes            do not ask
  --keep           leave the stack and its data
  -h, --help       show this

Needs aws, sam, make, node, npm, curl and duckdb (1.4 or newer). For Athena, the integration of S3 Tables with the
analytics services has to be enabled in the region, and ATHENA_OUTPUT must be an s3:// folder for its results.
END
}

target=aws
others=()
while [ $# -gt 0 ]; do
  case $1 in
    --target)
      target=$(value "$@")
      shift
      ;;
    *) others+=("$1") ;;
  esac
  shift
done
set -- ${others[@]+"${others[@]}"}
case $target in
  aws) ;;
  cloudflare) exec "$here/verify-cloudflare.sh" "$@" ;;
  *) usage_error '--target is aws or cloudflare' ;;
esac

region=''
stack=otlp2parquet-verify
ask=yes
keep=no
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --region) region=$(value "$@") ;;
    --stack) stack=$(value "$@") ;;
    --yes)
      ask=no
      shift
      continue
      ;;
    --keep)
      keep=yes
      shift
      continue
      ;;
    *) usage_error "what is $1" ;;
  esac
  shift 2
done
[ -n "$region" ] || usage_error '--region is missing'
need_aws
need_deployer
need_credentials
need curl 'https://curl.se'
need duckdb 'https://duckdb.org/docs/installation'
if read_outputs; then die "there is a stack $stack already: name another with --stack"; fi

cat <<END
This will, in account $account and region $region:
  - make a stack $stack: two functions, a table bucket, a bucket, a secret, a log group, twelve alarms, a dashboard
  - send about 40 small requests, up to 80 if writers do not collide, and a large one, and run the sweep each minute for about fifteen minutes
  - remove all of it$([ "$keep" = no ] || echo ' NOT: --keep')
At list prices that is some cents, most of it the secret (0.40 USD a month, by the hour), the dashboard (3 USD a month
beyond the first three) and alarms (0.10 USD a month each); compaction may add some. Prices are AWS's to say:
https://aws.amazon.com/pricing
END
if [ "$ask" = yes ]; then
  printf 'Type %s to go on: ' "$stack"
  read -r typed || true
  [ "${typed:-}" = "$stack" ] || die 'nothing was done'
fi

work=$(mktemp -d)
touch "$work/token"
chmod 600 "$work/token"

finish() {
  local code=$?
  trap - EXIT
  if [ "$keep" = yes ]; then
    echo "left as it is: infra/destroy.sh --region $region --stack $stack --delete-data"
  elif read_outputs; then
    check 'the stack and its data go away' "$here/destroy.sh" --region "$region" --stack "$stack" --delete-data --yes
  fi
  rm -rf "$work"
  conclude "$code"
}
trap finish EXIT

deploy() { "$here/deploy.sh" --region "$region" --stack "$stack" --mode iceberg --auth token "$@"; }

check 'the template deploys; the namespace and seven tables are made through the Iceberg endpoint, in lower case' \
  deploy --set Commit=inline
read_outputs || die 'without a stack there is nothing more to see'
url=$(output Endpoint)
tokens=$(aws secretsmanager get-secret-value --region "$region" --secret-id "$(output TokensSecretArn)" \
  --query SecretString --output text)
printf 'header = "Authorization: Bearer %s"\n' "${tokens%%,*}" >"$work/token"

check 'every signal in every encoding is stored and committed (conditional puts, commits, the role as it is)' \
  "$here/test.sh" --region "$region" --stack "$stack"
if [ "$failed" != 0 ]; then
  echo "where access was denied, the condition s3tables:namespace is the first thing to look at: infra/aws.md, When something is wrong"
fi

# conflicts: how many lines of the log tell of one. What a commit was tried again for is a metric of its own (EMF), with the
# kind as its reason: others are throttled, and unknown.
conflicts() {
  local page all=0
  # As text the tool tells the length of each page, and pages may be empty.
  for page in $(aws logs filter-log-events --region "$region" --log-group-name "$(output LogGroupName)" \
    --filter-pattern '{ ($.commit_retries = *) && ($.reason = "conflict") }' --query 'length(events)' --output text); do
    if [[ $page =~ ^[0-9]+$ ]]; then all=$((all + page)); fi
  done
  echo "$all"
}

# An account may run no more than ten at once, and one of them is the sweep.
limit=$(aws lambda get-account-settings --region "$region" --query AccountLimit.ConcurrentExecutions --output text 2>/dev/null || true)
[[ $limit =~ ^[0-9]+$ ]] || limit=10
writers=$((limit > 22 ? 20 : limit - 2))

# Each runs in a function of its own, so that they commit against each other. A log takes its time.
sent=0
seen=0
for _ in 1 2 3; do
  answered=$(send "$writers" "conflict $sent")
  check "$writers writers at once: all are answered 200 ($answered were)" [ "$answered" = "$writers" ]
  sent=$((sent + writers))
  sleep 60
  seen=$(conflicts)
  if [ "$seen" != 0 ]; then break; fi
done
told='a conflict of two writers is seen, and committed again'
if [ "$seen" = 0 ]; then
  result OPEN "$told: none was among $sent writers, $writers at once"
else
  result PASS "$told ($seen lines of the log tell)"
fi

dd if=/dev/zero of="$work/large" bs=1000000 count=7 2>/dev/null
status=$(curl -sS --max-time 60 -o /dev/null -w '%{http_code}' -K "$work/token" -H 'Content-Type: application/x-protobuf' \
  --data-binary "@$work/large" "$url/v1/logs" || true)
check "a body that no event carries is refused with 413, by AWS (${status:-no answer} was)" [ "$status" = 413 ]

check 'without the right to make tables, everything goes on' deploy --set Commit=deferred --set CreateTables=false
answered=$(send 5 deferred)
sent=$((sent + 5))
check "deferred: 5 requests are answered 200 ($answered were)" [ "$answered" = 5 ]
# Nothing owed would be nothing shown: the schedule's sweep may have just been, so once more.
left=$(owed "$(output StateBucketName)" "$(output ReceiptsPrefix)") || left=some
if [ "$left" = 0 ]; then
  sent=$((sent + $(send 5 again)))
  left=$(owed "$(output StateBucketName)" "$(output ReceiptsPrefix)") || left=some
fi
check "deferred: what was answered is owed until a sweep ($left receipts)" [ "$left" != 0 ]
pay
check "the sweep commits what is owed and removes its receipts ($left left)" [ "$left" = 0 ]

rows=$(duckdb -csv -noheader -c "INSTALL iceberg; LOAD iceberg; INSTALL aws; LOAD aws;
  CREATE SECRET (TYPE s3, PROVIDER credential_chain, REGION '$region');
  ATTACH '$(output TableBucketArn)' AS lake (TYPE iceberg, ENDPOINT_TYPE s3_tables);
  SELECT count(*) FROM lake.$(output Namespace).logs WHERE body LIKE '$run %'" 2>"$work/duckdb" | tail -n 1) || true
check "DuckDB finds each row once (${rows:-$(head -n 1 "$work/duckdb")} of $sent)" [ "${rows:-}" = "$sent" ]

bucket=$(output TableBucketArn)
if [ -z "${ATHENA_OUTPUT:-}" ]; then
  result OPEN 'Athena sees tables that were made through the Iceberg endpoint: ATHENA_OUTPUT is not set'
elif ! aws glue get-catalog --region "$region" --catalog-id s3tablescatalog >/dev/null 2>&1; then
  result OPEN 'Athena sees tables that were made through the Iceberg endpoint: the integration is not enabled'
else
  id=$(aws athena start-query-execution --region "$region" --result-configuration "OutputLocation=$ATHENA_OUTPUT" \
    --query-execution-context "Catalog=s3tablescatalog/${bucket##*/},Database=$(output Namespace)" \
    --query-string "SELECT count(*) FROM logs WHERE body LIKE '$run %'" --query QueryExecutionId --output text)
  state=RUNNING
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    state=$(aws athena get-query-execution --region "$region" --query-execution-id "$id" \
      --query QueryExecution.Status.State --output text)
    case $state in QUEUED | RUNNING) sleep 5 ;; *) break ;; esac
  done
  rows=$(aws athena get-query-results --region "$region" --query-execution-id "$id" \
    --query 'ResultSet.Rows[1].Data[0].VarCharValue' --output text || true)
  check "Athena sees tables that were made through the Iceberg endpoint ($state, ${rows:-nothing} of $sent)" [ "$rows" = "$sent" ]
fi

# ask QUESTION: an answer of S3 Tables, by verify/s3-tables.ts, with your credentials.
ask() (
  while IFS='=' read -r name text; do export "$name=$text"; done < <(aws configure export-credentials --format env-no-export)
  node --experimental-strip-types --no-warnings "$here/verify/s3-tables.ts" "$1" "$bucket" "$(output Namespace)" || true
)
# judge WHAT WANTED ANSWER: PASS where they are the same; what is forbidden to you is not seen.
judge() {
  case $3 in
    "$2") result PASS "$1" ;;
    *403*) result OPEN "$1: you lack the right, by the answer ($3)" ;;
    'no answer'* | '') result OPEN "$1: ${3:-no answer}" ;;
    *) result FAIL "$1 ($3 was)" ;;
  esac
}
config=$(ask config)
check "the catalog's prefix is the ARN, percent-encoded" grep -qF "$(printf '%s' "$bucket" | sed 's/:/%3A/g; s:/:%2F:g')" <<<"$config"
judge 'a commit on another parent is answered with 409' 409 "$(ask stale)"
judge 'an object that is not there is answered with 404' 'GET 404, HEAD 404' "$(ask missing)"
judge 'a column can be added to a table' added "$(ask column)"
answered=$(send 1 'another column')
pay
check "then the program goes on ($answered of 1 request answered 200, $left commits left)" [ "$answered $left" = '1 0' ]
case $config in
  *idempotency-key-lifetime*) result PASS 'it advertises Idempotency-Key, which the program then sends' ;;
  '{'*) result PASS 'it advertises no Idempotency-Key, and the program sends none' ;;
  *) result OPEN 'whether it advertises Idempotency-Key: its config could not be asked for' ;;
esac
if aws s3tables get-table-record-expiration-configuration --region "$region" \
  --table-arn "$(aws s3tables get-table --region "$region" --table-bucket-arn "$bucket" \
    --namespace "$(output Namespace)" --name logs --query tableARN --output text)" >/dev/null 2>&1; then
  result PASS 'the expiry of records of these tables can be asked for'
else
  result OPEN 'the expiry of records of these tables can be asked for: this account, or this aws, does not say'
fi
result OPEN 'compaction goes on beside a program that commits each minute: look at get-table-maintenance-job-status after a day'
result OPEN 'the Iceberg endpoint tells the namespace of every call, which the roles restrict: no table of another one was asked for'
result OPEN 'maintenance merges small manifests: look at the metadata after some days'
result OPEN 'the request rate at which S3 Tables answers 429'
result OPEN 'what a month costs: Cost Explorer, by the tag Project'
