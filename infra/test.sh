#!/usr/bin/env bash
# Sends a sample of everything to a server, looks at its answers, and says how to ask for the rows. Needs bash and curl.
set -euo pipefail

program=infra/test.sh
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/stack.sh
source "$here/stack.sh"

usage() {
  cat <<'END'
usage: infra/test.sh [URL]
       infra/test.sh --region REGION [--stack NAME]

Sends logs, traces and metrics to an OTLP/HTTP server, as protobuf, as JSON, compressed and as lines; sends one of them
twice, one that is damaged, and one without credentials; and looks whether every answer is what it has to be. Without
a URL it goes to the stack that infra/deploy.sh made, with its token, or signed with your AWS credentials.

  --region REGION  where the stack is
  --stack NAME     the stack's name: otlp2parquet when not given
  -h, --help       show this

With a URL, OTLP2PARQUET_TOKEN is the bearer token, where the server wants one.
END
}

url=''
region=''
stack=otlp2parquet
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --region) region=$(value "$@") ;;
    --stack) stack=$(value "$@") ;;
    -*) usage_error "what is $1" ;;
    *)
      [ -z "$url" ] || usage_error 'one URL at a time'
      url=${1%/}
      shift
      continue
      ;;
  esac
  shift 2
done
need curl 'https://curl.se'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Credentials go to curl in a file: what is on a command line, others can see.
touch "$work/credentials"
chmod 600 "$work/credentials"
outputs=''
auth=none

# use_token TOKEN
use_token() {
  auth=token
  printf 'header = "Authorization: Bearer %s"\n' "$1" >"$work/credentials"
}

if [ -z "$url" ]; then
  [ -n "$region" ] || usage_error 'a URL or --region is missing'
  need_aws
  need_credentials
  read_outputs || die "there is no stack $stack in $region: infra/deploy.sh makes one"
  url=$(output Endpoint)
  auth=$(output Auth)
  if [ "$auth" = token ]; then
    tokens=$(aws secretsmanager get-secret-value --region "$region" --secret-id "$(output TokensSecretArn)" \
      --query SecretString --output text) || die "cannot read the token: you need secretsmanager:GetSecretValue on $(output TokensSecretArn)"
    use_token "${tokens%%,*}"
  else
    case $url in *.execute-api.*) signed_for=execute-api ;; *) signed_for=lambda ;; esac
    signing "$signed_for" >"$work/credentials"
  fi
elif [ -n "${OTLP2PARQUET_TOKEN:-}" ]; then
  use_token "$OTLP2PARQUET_TOKEN"
fi

echo "$url"
"$here/samples/send.sh" --no-hint -K "$work/credentials" "$url"

failures=0
# expect WHAT STATUSES CURL-OPTION...: a request whose answer must have one of these statuses; it leaves the answer.
expect() {
  local what=$1 statuses=$2 status
  shift 2
  : >"$work/answer"
  status=$(curl -sS --max-time 30 -o "$work/answer" -w '%{http_code}' "$@" || true)
  printf '%-60s %s' "$what" "${status:-no answer}"
  case " $statuses " in
    *" $status "*) echo ;;
    *)
      printf ', not %s: %s\n' "$statuses" "$(head -c 300 "$work/answer")"
      failures=$((failures + 1))
      ;;
  esac
}

known=(-K "$work/credentials")
post=(-X POST -H 'Content-Type: application/json' --data-binary)
# Its time is that of now, so it is a new one; sent twice, it is one row.
printf '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"%s000000000","severityText":"INFO","body":{"stringValue":"sent twice by test.sh %s"}}]}]}]}' \
  "$(date +%s)" "$$-$RANDOM" >"$work/twice"
expect 'a request' 200 "${known[@]}" "${post[@]}" "@$work/twice" "$url/v1/logs"
expect 'the same again, which stands once' 200 "${known[@]}" "${post[@]}" "@$work/twice" "$url/v1/logs"
expect 'a damaged one is refused, and never comes again' 400 "${known[@]}" "${post[@]}" '{"resourceLogs":' "$url/v1/logs"
# An HTTP API answers for what it has no route for; with IAM there is nothing to see without a signature.
expect 'another path' '404 405' "${known[@]}" "${post[@]}" '{}' "$url/v1/profiles"
case $auth in
  token)
    expect 'without a token' 401 "${post[@]}" '{}' "$url/v1/logs"
    expect 'with a wrong one' 401 -H 'Authorization: Bearer wrong' "${post[@]}" '{}' "$url/v1/logs"
    ;;
  iam) expect 'without a signature' 403 "${post[@]}" '{}' "$url/v1/logs" ;;
esac

[ "$failures" = 0 ] || die "$failures answers were not what they have to be"
echo
echo 'Every answer is what it has to be.'
case $(output Mode) in
  iceberg)
    cat <<END
Rows are in the tables of namespace $(output Namespace); with OTLP2PARQUET_COMMIT=auto a minute may pass. Ask with DuckDB:

  duckdb -c "INSTALL iceberg; LOAD iceberg; INSTALL aws; LOAD aws; CREATE SECRET (TYPE s3, PROVIDER credential_chain, REGION '$region');
    ATTACH '$(output TableBucketArn)' AS lake (TYPE iceberg, ENDPOINT_TYPE s3_tables);
    SELECT timestamp, severitytext, body, servicename FROM lake.$(output Namespace).logs ORDER BY timestamp DESC LIMIT 10"
END
    ;;
  plain)
    cat <<END
Rows are in the bucket $(output DataBucketName). Ask with DuckDB:

  duckdb -c "INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws; CREATE SECRET (TYPE s3, PROVIDER credential_chain, REGION '$region');
    SELECT Timestamp, SeverityText, Body, ServiceName FROM 's3://$(output DataBucketName)/logs/**/*.parquet' ORDER BY Timestamp DESC LIMIT 10"
END
    ;;
  *) echo "How to ask for the rows: the query that the server printed when it started, or infra/queries." ;;
esac
