#!/usr/bin/env bash
# Tries with your own Cloudflare account what no test could: the real Workers, R2, and R2's own catalog. Makes a Worker and a
# bucket of its own, uses them, and removes them again, data and all. infra/verify-live.sh --target cloudflare comes here.
set -euo pipefail

program='infra/verify-live.sh --target cloudflare'
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/stack.sh
source "$here/stack.sh"
# shellcheck source=infra/verify/trial.sh
source "$here/verify/trial.sh"

usage() {
  cat <<'END'
usage: infra/verify-live.sh --target cloudflare [--name NAME] [--yes] [--keep]

Deploys a Worker of its own to your Cloudflare account, with a bucket of its own, sends to it, lets writers collide, leaves
receipts and waits for the cron trigger to pay them, asks for the rows with DuckDB, and removes everything again. For each
thing that is assumed of Cloudflare and that no test could see it prints PASS, FAIL or OPEN (not to be seen in minutes, or
not with what was given).

  --name NAME  of the Worker and of the bucket: otlp2parquet-verify when not given; there must be neither of that name
  --yes        do not ask
  --keep       leave the Worker and the bucket
  -h, --help   show this

Needs npx (Node 22.15 or newer), npm ci before, curl, and an account with R2 and Workers Paid: npx wrangler login, or
CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID. What these are not given for is OPEN:
  duckdb (1.4 or newer), OTLP2PARQUET_R2_ACCOUNT_ID, OTLP2PARQUET_R2_ACCESS_KEY_ID, OTLP2PARQUET_R2_SECRET_ACCESS_KEY
              to ask for rows over R2's S3 API: keys of an API token that may read objects
  OTLP2PARQUET_ICEBERG_TOKEN
              for R2's own catalog: an API token that may write the catalog and R2's objects
END
}

name=otlp2parquet-verify
ask=yes
keep=no
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --name)
      name=$(value "$@")
      shift
      ;;
    --yes) ask=no ;;
    --keep) keep=yes ;;
    *) usage_error "what is $1" ;;
  esac
  shift
done
# A bucket has to have such a name, and a Worker may; the other Worker's is longer.
[[ $name =~ ^[a-z0-9]([a-z0-9-]{1,50}[a-z0-9])$ ]] || usage_error '--name is of 3 to 52 lower-case letters, digits and - between them'
need npx 'https://nodejs.org'
need node 'https://nodejs.org'
need curl 'https://curl.se'
# It asks nothing, and sends its makers nothing.
export CI=1 WRANGLER_SEND_METRICS=false

work=$(mktemp -d)
made_bucket=no
made_worker=no
made_counter=no
enabled_catalog=no
counter_url=''
wrangler() { npx --yes wrangler "$@"; }
# quiet COMMAND...: its words only when it fails.
quiet() { "$@" >"$work/said" 2>&1 || { cat "$work/said" >&2 && return 1; }; }
# counter CURL-OPTION... PATH: asks the Worker of verify/bucket.ts.
counter() { curl -sS --max-time 120 -K "$work/counter-token" "${@:1:$#-1}" "$counter_url${!#}"; }

# Until nothing is left; a few hundred objects go at once.
empty_bucket() {
  local removed
  for ((i = 0; i < 200; i++)); do
    removed=$(counter -X DELETE /) || return 1
    case $removed in 0) return 0 ;; *[!0-9]* | '') return 1 ;; esac
  done
  return 1
}
remove_all() {
  # The program first, so that nothing comes anew.
  if [ "$made_worker" = yes ]; then check 'the Worker goes away' quiet wrangler delete "$name" --force --config "$work/program.toml"; fi
  if [ "$enabled_catalog" = yes ]; then check "R2's catalog can be disabled" quiet wrangler r2 bucket catalog disable "$name"; fi
  if [ "$made_counter" = yes ]; then
    check 'the bucket is emptied' empty_bucket
    check 'the Worker that emptied it goes away' quiet wrangler delete "$name-bucket" --force --config "$work/bucket.toml"
  fi
  if [ "$made_bucket" = yes ]; then check 'the bucket goes away' quiet wrangler r2 bucket delete "$name"; fi
}
finish() {
  local code=$?
  trap - EXIT
  if [ "$keep" = no ]; then
    remove_all
  elif [ "$made_bucket" = yes ]; then
    echo "left as they are: the Workers $name and $name-bucket, and the bucket $name"
  fi
  rm -rf "$work"
  conclude "$code"
}
trap finish EXIT

wrangler whoami --json >"$work/whoami" 2>&1 ||
  die "Cloudflare does not know you: npx wrangler login, or set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID"
if wrangler r2 bucket info "$name" --json >/dev/null 2>&1; then die "there is a bucket $name already: choose another --name"; fi
for worker in "$name" "$name-bucket"; do
  if wrangler deployments list --name "$worker" >/dev/null 2>&1; then die "there is a Worker $worker already: choose another --name"; fi
done

token=${OTLP2PARQUET_ICEBERG_TOKEN:-}
cat <<END
This will, in the account that npx wrangler whoami shows:
  - make a bucket $name, and two Workers, $name and $name-bucket, which anybody with a token made for this can reach
  - send about 80 small requests, and let the cron trigger run each minute for up to half an hour
  - $([ -n "$token" ] && echo "enable R2's catalog on the bucket, and put your OTLP2PARQUET_ICEBERG_TOKEN into the Worker as a secret" || echo "leave R2's catalog alone: OTLP2PARQUET_ICEBERG_TOKEN is not set")
  - remove all of it$([ "$keep" = no ] || echo ' NOT: --keep')
It makes some thousand operations of R2 and some hundred invocations, which is within what Workers Paid and R2 include a
month; beyond that it is less than a cent. Prices are Cloudflare's to say: https://developers.cloudflare.com/workers/platform/pricing/
END
if [ "$ask" = yes ]; then
  printf 'Type %s to go on: ' "$name"
  read -r typed || true
  [ "${typed:-}" = "$name" ] || die 'nothing was done'
fi

# secret_of FILE: a new one, which nobody sees, in a file of options for curl; prints it.
secret_of() {
  local made
  made=$(node -p 'crypto.randomBytes(24).toString("hex")')
  : >"$1"
  chmod 600 "$1"
  printf 'header = "Authorization: Bearer %s"\n' "$made" >"$1"
  printf '%s' "$made"
}
# config NAME MAIN: what Wrangler is told of one of the two.
config() {
  sed -e "s|^name = .*|name = \"$1\"|" -e "s|^main = .*|main = \"$2\"|" -e "s|^bucket_name = .*|bucket_name = \"$name\"|" \
    -e "s|^OTLP2PARQUET_R2_BUCKET = .*|OTLP2PARQUET_R2_BUCKET = \"$name\"|" "$here/../wrangler.toml"
}
# deploy CONFIG [NAME:VALUE...]: deploys with these variables; leaves the address in `deployed`.
deploy() {
  local file=$1 one vars=()
  shift
  for one in "$@"; do vars+=(--var "$one"); done
  : >"$work/deployed"
  WRANGLER_OUTPUT_FILE_PATH=$work/deployed quiet wrangler deploy --config "$file" ${vars[@]+"${vars[@]}"} || return 1
  deployed=$(sed -n 's/.*"targets":\[[^]]*"\(https:\/\/[^"]*\)".*/\1/p' "$work/deployed" | tail -n 1)
  [ -n "$deployed" ]
}
# reachable URL CURL-OPTION...: whether it answers 200 within five minutes; a name that is new has to get about.
reachable() {
  local url=$1 status=''
  shift
  for ((i = 0; i < 60; i++)); do
    status=$(curl -sS --max-time 30 -o /dev/null -w '%{http_code}' "$@" "$url" 2>/dev/null || true)
    if [ "${status//[!0-9]/}" = 200 ]; then return 0; fi
    sleep 5
  done
  return 1
}
# test_all: infra/test.sh; the token is in no command line.
test_all() { OTLP2PARQUET_TOKEN=$secret "$here/test.sh" "$url"; }
# swept: waits up to 20 minutes for the cron trigger to pay what is owed; leaves in `owed` what remains.
swept() {
  for ((i = 0; i < 80; i++)); do
    owed=$(counter '/?prefix=_receipts/owed/' || true)
    if [ "$owed" = 0 ]; then return 0; fi
    sleep 15
  done
  return 1
}
# rows SQL: the last line of what DuckDB answers. What is on a command line, others can see.
rows() { duckdb -csv -noheader <<<"$1;" 2>"$work/duckdb" | tail -n 1 || true; }
# found WHAT WANTED SQL
found() {
  local got
  got=$(rows "$3")
  check "$1 (${got:-$(head -n 1 "$work/duckdb")} of $2)" [ "$got" = "$2" ]
}
has_keys=no
account=${OTLP2PARQUET_R2_ACCOUNT_ID:-${CLOUDFLARE_ACCOUNT_ID:-}}
if [ -n "$account" ] && [ -n "${OTLP2PARQUET_R2_ACCESS_KEY_ID:-}" ] && [ -n "${OTLP2PARQUET_R2_SECRET_ACCESS_KEY:-}" ] &&
  command -v duckdb >/dev/null; then
  has_keys=yes
fi
over_s3="INSTALL httpfs; LOAD httpfs; INSTALL iceberg; LOAD iceberg; CREATE SECRET (TYPE s3, REGION 'auto', URL_STYLE 'path',
  KEY_ID '${OTLP2PARQUET_R2_ACCESS_KEY_ID:-}', SECRET '${OTLP2PARQUET_R2_SECRET_ACCESS_KEY:-}', ENDPOINT '$account.r2.cloudflarestorage.com')"
no_keys='no duckdb, or OTLP2PARQUET_R2_ACCOUNT_ID, _ACCESS_KEY_ID or _SECRET_ACCESS_KEY is not set'

# --- the bucket, and its conditions

quiet wrangler r2 bucket create "$name" || die 'cannot make a bucket: is R2 enabled in this account?'
made_bucket=yes
result PASS 'a bucket can be made'
config "$name" "$here/../runtimes/cloudflare.ts" >"$work/program.toml"
config "$name-bucket" "$here/verify/bucket.ts" | sed -e '/^\[vars\]/,/^OTLP2PARQUET_R2_BUCKET/d' -e '/^\[triggers\]/,/^crons/d' >"$work/bucket.toml"

secret=$(secret_of "$work/counter-token")
made_counter=yes
printf '%s' "$secret" | quiet wrangler secret put TOKEN --config "$work/bucket.toml" || die 'cannot put a secret'
deploy "$work/bucket.toml" || die 'cannot deploy a Worker'
counter_url=$deployed
reachable "$counter_url/" -K "$work/counter-token" || die "$counter_url does not answer"
broken=$(counter -X POST / || echo 'no answer')
check "R2's binding compares before it puts, of writers at once too, and reads and lists what was put last${broken:+: $broken}" [ -z "$broken" ]

# --- plain Parquet

secret=$(secret_of "$work/token")
made_worker=yes
printf '%s' "$secret" | quiet wrangler secret put OTLP2PARQUET_AUTH_TOKENS --config "$work/program.toml" ||
  die 'cannot put a secret'
result PASS 'a secret can be put for a Worker that is not there yet'
deploy "$work/program.toml" || die 'cannot deploy the Worker'
url=$deployed
result PASS "the Worker is deployed: size and start are within the platform's limits"
check 'it starts, and answers' reachable "$url/ready" -K "$work/token"
check 'plain: every signal in every encoding is stored' test_all
node -e 'const body = (i) => ({ stringValue: [process.argv[1], "zstd", i, Math.random()].join(" ") })
  const logRecords = Array.from({ length: 5000 }, (_, i) => ({ timeUnixNano: Date.now() + "000000", body: body(i) }))
  const text = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
  process.stdout.write(require("node:zlib").zstdCompressSync(text))' "$run" >"$work/zstd"
status=$(curl -sS --max-time 60 -o /dev/null -w '%{http_code}' -K "$work/token" -H 'Content-Type: application/json' \
  -H 'Content-Encoding: zstd' --data-binary "@$work/zstd" "$url/v1/logs" || true)
check "a large body in zstd is read (${status:-no answer})" [ "$status" = 200 ]
answered=$(send 5 plain)
check "plain: 5 requests are answered 200 ($answered were)" [ "$answered" = 5 ]
if [ "$has_keys" = yes ]; then
  found "plain: DuckDB finds each row once over R2's S3 API" 5 \
    "$over_s3; SELECT count(*) FROM 's3://$name/logs/**/*.parquet' WHERE Body LIKE '$run plain %'"
else
  result OPEN "plain: DuckDB finds each row once over R2's S3 API: $no_keys"
fi

# --- Iceberg tables in the bucket itself

check 'the file catalog: it is deployed' deploy "$work/program.toml" OTLP2PARQUET_ICEBERG_CATALOG:file OTLP2PARQUET_COMMIT:inline
# What was deployed before may answer for some seconds.
sleep 20
check 'the file catalog: every signal is stored' test_all
answered=$(send 20 file)
check "the file catalog: 20 writers at once are all answered 200 ($answered were)" [ "$answered" = 20 ]
check 'the file catalog, deferred: it is deployed' deploy "$work/program.toml" OTLP2PARQUET_ICEBERG_CATALOG:file OTLP2PARQUET_COMMIT:deferred
sleep 20
answered=$(send 5 file-deferred)
check "deferred: 5 requests are answered 200 ($answered were)" [ "$answered" = 5 ]
owed=unknown
if swept; then
  result PASS 'the cron trigger comes, pays what is owed, and removes its receipts'
else
  result FAIL "the cron trigger comes, pays what is owed, and removes its receipts (${owed:-unknown} left)"
fi
if [ "$has_keys" = yes ]; then
  found "the file catalog: DuckDB finds each row once over R2's S3 API" 25 \
    "$over_s3; SELECT count(*) FROM iceberg_scan('s3://$name/otel/logs') WHERE body LIKE '$run file%'"
else
  result OPEN "the file catalog: DuckDB finds each row once over R2's S3 API: $no_keys"
fi

# --- R2's own catalog

# catalog_of FILE: what Wrangler printed of the catalog; sets `uri` and `warehouse`.
catalog_of() {
  uri=$(sed -n "s/^Catalog URI: '\(.*\)'$/\1/p" "$1")
  warehouse=$(sed -n "s/^Warehouse: '\(.*\)'$/\1/p" "$1")
  [[ $uri =~ ^https://catalog\.cloudflarestorage\.com/[0-9a-f]{32}/$name$ ]] && [[ $warehouse =~ ^[0-9a-f]{32}_$name$ ]]
}
# catalog PATH: asks it, as the token's owner.
catalog() { curl -sS --max-time 60 -K "$work/catalog-token" "$uri/v1/$1" || true; }
try_catalog() {
  local config prefix table stranger
  enabled_catalog=yes
  wrangler r2 bucket catalog enable "$name" >"$work/catalog" 2>&1 || {
    cat "$work/catalog" >&2
    result FAIL "R2's catalog can be enabled"
    return 0
  }
  result PASS "R2's catalog can be enabled"
  if catalog_of "$work/catalog"; then
    result PASS 'its URI and warehouse are of the account and the bucket'
  else
    result FAIL "its URI and warehouse are of the account and the bucket (${uri:-none}, ${warehouse:-none})"
    return 0
  fi
  printf 'header = "Authorization: Bearer %s"\n' "$token" >"$work/catalog-token"
  chmod 600 "$work/catalog-token"
  config=$(catalog "config?warehouse=$warehouse")
  prefix=$(sed -n 's/.*"prefix" *: *"\([^"]*\)".*/\1/p' <<<"$config")
  check "its configuration says which prefix to use (${prefix:-none})" [ -n "$prefix" ]
  case $config in
    *idempotency-key-lifetime*) result FAIL 'it advertises no Idempotency-Key: it does now, and the program sends one' ;;
    *) result PASS 'it advertises no Idempotency-Key, and the program sends none' ;;
  esac
  stranger=$(curl -sS --max-time 60 -w '\n%{http_code}' "$uri/v1/config?warehouse=$warehouse" || true)
  case $stranger in
    '{'*) result FAIL 'without a token it answers 401 or 403 in plain words: in JSON now' ;;
    *401 | *403) result PASS "without a token it answers ${stranger##*$'\n'} in plain words" ;;
    *) result FAIL "without a token it answers 401 or 403 (${stranger##*$'\n'})" ;;
  esac
  printf '%s' "$token" | quiet wrangler secret put OTLP2PARQUET_ICEBERG_TOKEN --config "$work/program.toml" || {
    result FAIL "R2's catalog: its token can be put as a secret"
    return 0
  }
  check "R2's catalog: the Worker is deployed" deploy "$work/program.toml" \
    "OTLP2PARQUET_ICEBERG_REST_URI:$uri" "OTLP2PARQUET_ICEBERG_WAREHOUSE:$warehouse"
  sleep 20
  check "R2's catalog: namespace and tables are made, and every signal is stored" test_all
  answered=$(send 20 catalog)
  check "R2's catalog: 20 writers at once are all answered 200 ($answered were), within its limits" [ "$answered" = 20 ]
  if swept; then
    result PASS "R2's catalog: the cron trigger pays what is owed"
  else
    result FAIL "R2's catalog: the cron trigger pays what is owed (${owed:-unknown} left)"
  fi
  table=$(catalog "$prefix/namespaces/otel/tables/logs")
  check 'a loaded table comes with credentials for its files' grep -q '"s3.access-key-id"' <<<"$table"
  check "its tables lie in the bucket, where the Worker's binding reaches them" grep -q "\"location\" *: *\"s3://$name/" <<<"$table"
  if command -v duckdb >/dev/null; then
    found "R2's catalog: DuckDB finds each row once" 20 "INSTALL httpfs; LOAD httpfs; INSTALL iceberg; LOAD iceberg;
      CREATE SECRET (TYPE iceberg, TOKEN '$token'); ATTACH '$warehouse' AS lake (TYPE iceberg, ENDPOINT '$uri');
      SELECT count(*) FROM lake.otel.logs WHERE body LIKE '$run catalog %'"
  else
    result OPEN "R2's catalog: DuckDB finds each row once: no duckdb"
  fi
}
if [ -n "$token" ]; then
  try_catalog
else
  result OPEN "R2's own catalog, its URI, its tables and their credentials: OTLP2PARQUET_ICEBERG_TOKEN is not set"
fi
result OPEN 'a conflict comes as 409, or as 400 ConcurrentUpdateError: look for "a commit has to be looked at" in the log'
result OPEN 'more than 20 commits a minute to a table are 429 with Retry-After: 60: auto keeps below'
result OPEN 'compaction and the expiry of snapshots go on beside a program that commits each minute: look after a day'
result OPEN 'memory and CPU of large requests: the metrics of the Worker in the dashboard'
result OPEN 'what a month costs: the billing page of the account'
