# shellcheck shell=bash
# What the scripts that verify a cloud share: results, and records that tell which trial they are of.
# Sourced by them; sets `results`, `failed` and `run`, and needs `work`, a folder, and for sending `url` and `$work/token`.

results=''
failed=0
# result WORD WHAT: PASS, FAIL or OPEN; printed now, and once more at the end.
result() {
  printf '%-5s %s\n' "$1" "$2"
  results+="$(printf '%-5s %s' "$1" "$2")"$'\n'
  if [ "$1" = FAIL ]; then failed=$((failed + 1)); fi
}
# check WHAT COMMAND...: PASS when the command succeeds.
check() {
  local what=$1
  shift
  if "$@"; then result PASS "$what"; else result FAIL "$what"; fi
}
# conclude CODE: the results once more; ends with 1 when the script failed, or something that it saw.
conclude() {
  printf '\n%s' "$results"
  [ "$failed" = 0 ] && [ "$1" = 0 ] || exit 1
}

run=verify-$(date +%s)-$RANDOM
# send N WHAT: posts N different records at once; how many were answered with 200.
send() {
  local i
  for ((i = 1; i <= $1; i++)); do
    printf '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"%s000000000","body":{"stringValue":"%s"}}]}]}]}' \
      "$(date +%s)" "$run $2 $i" >"${work:?}/body-$i"
    curl -sS --max-time 60 -o /dev/null -w '%{http_code}\n' -K "$work/token" -H 'Content-Type: application/json' \
      --data-binary "@$work/body-$i" "${url:?}/v1/logs" >"$work/status-$i" &
  done
  wait
  cat "$work"/status-* | grep -c '^200$' || true
  rm -f "$work"/status-*
}
