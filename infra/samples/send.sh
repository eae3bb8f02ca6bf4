#!/usr/bin/env bash
# Sends the samples beside this file to an OTLP/HTTP server. Needs bash, curl, gzip, and what every system has.
set -euo pipefail

usage() {
  cat <<'END'
usage: send.sh [-H 'Name: value']... [-K FILE] [URL]

Sends the sample logs, traces and metrics to URL (http://127.0.0.1:4318 when not
given): as protobuf, as JSON, as JSON compressed with gzip, and as JSON lines.
Says which answers came, and exits with 1 unless each was a 200 for every record.

  -H, --header 'Name: value'  send this header too, e.g. 'Authorization: Bearer ...'
  -K, --config FILE           options for curl in a file, e.g. header = "Authorization: ...":
                              what is on the command line, others can see
  -h, --help                  show this

Before each request its times are moved to the last ten seconds. So no two
requests are equal, and "the last hour" finds the rows. (An equal request would
be taken for a resend, and its rows would be stored once.)
END
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
url=http://127.0.0.1:4318
headers=()
hint=yes
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage && exit 0 ;;
    -H | --header) headers+=(-H "${2:?$1 needs a value}") && shift ;;
    -K | --config) headers+=(-K "${2:?$1 needs a file}") && shift ;;
    --no-hint) hint=no ;;
    -*) usage >&2 && exit 2 ;;
    *) url=${1%/} ;;
  esac
  shift
done

for tool in curl gzip sed dd date mktemp; do
  command -v "$tool" >/dev/null || { echo "send.sh needs $tool: it is not on this machine's PATH" >&2 && exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The samples' times lie in the ten seconds from here on, in multiples of ten microseconds.
first_second=1767225600

# new_times: sets `second` (ten seconds ago) and `nonce` (four digits, of nanoseconds), for one request alone.
requests=$RANDOM
new_times() {
  second=$(($(date +%s) - 10))
  requests=$((requests + 1))
  nonce=$(printf '%04d' $((requests % 10000)))
}

# stamp_json FILE: FILE with its times moved.
stamp_json() {
  local edits=() i
  for i in 0 1 2 3 4 5 6 7 8 9; do
    edits+=(-e "s/\"$((first_second + i))\([0-9]\{5\}\)0000\"/\"$((second + i))\1$nonce\"/g")
  done
  sed "${edits[@]}" "$1"
}

# fixed64 NUMBER: its eight bytes, the lowest first, as protobuf writes them.
fixed64() {
  local byte
  for byte in 0 1 2 3 4 5 6 7; do printf '%b' "$(printf '\\x%02x' $((($1 >> (8 * byte)) & 255)))"; done
}

# bytes FILE FROM TO: these bytes of FILE.
bytes() {
  [ "$2" -eq "$3" ] || dd if="$1" bs=1 skip="$2" count=$(($3 - $2)) 2>/dev/null
}

# stamp_protobuf FILE: FILE with its times moved; FILE.times says where they stand.
stamp_protobuf() {
  local at=0 offset after
  while read -r offset after; do
    bytes "$1" "$at" "$offset"
    fixed64 $((second * 1000000000 + after + 10#$nonce))
    at=$((offset + 8))
  done <"$1.times"
  bytes "$1" "$at" "$(wc -c <"$1")"
}

failures=0
# post SIGNAL WHAT CONTENT-TYPE [HEADER...]: sends $work/body.
post() {
  local signal=$1 what=$2 type=$3 status whole
  : >"$work/answer"
  shift 3
  # An empty array is an error for the bash that macOS has, hence the ${…+…}.
  status=$(curl -sS --max-time 30 -o "$work/answer" -w '%{http_code}' -X POST "$url/v1/$signal" \
    -H "Content-Type: $type" "$@" ${headers[@]+"${headers[@]}"} --data-binary "@$work/body" || true)
  printf '%-8s %-9s %s' "$signal" "$what" "${status:-no answer}"
  # Of a request whose every record is stored, an answer says nothing (OTLP, "Partial Success"), or that there is nothing to say.
  case $(head -c 300 "$work/answer" 2>/dev/null | tr -d '\0' || true) in
    '' | '{}' | '{"partialSuccess":{}}') whole=yes ;;
    *) whole=no ;;
  esac
  if [ "$status" != 200 ] || [ "$whole" = no ]; then
    failures=$((failures + 1))
    [ "${type##*/}" = x-protobuf ] || printf '  %s' "$(head -c 300 "$work/answer" 2>/dev/null || true)"
  fi
  printf '\n'
}

for signal in logs traces metrics; do
  new_times
  stamp_protobuf "$here/$signal.pb" >"$work/body"
  post "$signal" protobuf application/x-protobuf

  new_times
  stamp_json "$here/$signal.json" >"$work/body"
  post "$signal" json application/json

  new_times
  stamp_json "$here/$signal.json" | gzip -c >"$work/body"
  post "$signal" gzip application/json -H 'Content-Encoding: gzip'

  : >"$work/body"
  for _ in 1 2; do
    new_times
    stamp_json "$here/$signal.json" | tr -d '\n' >>"$work/body"
    echo >>"$work/body"
  done
  post "$signal" jsonlines application/x-ndjson
done

if [ "$failures" -gt 0 ]; then
  echo "$failures of 12 requests got no 200 for every record" >&2
  exit 1
fi
[ "$hint" = yes ] || exit 0
cat <<'END'

All 12 requests got 200. In the folder where the server was started, ask for what they brought:

  duckdb -c "SELECT Timestamp, SeverityText, Body, ServiceName FROM 'data/logs/**/*.parquet' ORDER BY Timestamp DESC LIMIT 10"

Iceberg tables are asked by the query that the server printed when it started. More questions lie in infra/queries/.
END
