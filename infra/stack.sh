# shellcheck shell=bash
# What the scripts beside this file share: complaints that say what to do, and what a stack says of itself.
# Sourced by them; needs `program`, and sets nothing but functions and `stopped`.
stopped=''

# die WORDS: ends with a complaint.
die() {
  printf '%s: %s\n' "${program:?}" "$*" >&2
  exit 1
}

# usage_error WORDS: ends with a complaint about how it was called.
usage_error() {
  printf '%s: %s; try %s --help\n' "${program:?}" "$*" "$program" >&2
  exit 2
}

# need TOOL WHERE: TOOL must be on the path; WHERE says how to get it.
need() {
  command -v "$1" >/dev/null || die "needs $1, which is not on this machine's PATH: $2"
}

need_aws() { need aws 'https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html'; }

# need_deployer: what a deployment takes besides aws.
need_deployer() {
  need sam 'https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html'
  need make 'it comes with every build-essential and with the tools of Xcode'
  need node 'https://nodejs.org'
  need npm 'it comes with Node'
}

# need_credentials: whoever runs this must be somebody to AWS; sets `account`.
need_credentials() {
  local told
  told=$(aws sts get-caller-identity --query Account --output text 2>&1) ||
    die "AWS does not know you: set AWS_PROFILE, or log in (aws configure, aws sso login). It said: ${told##*$'\n'}"
  # Whoever sources this reads it.
  # shellcheck disable=SC2034
  account=$told
}

# value OPTION VALUE...: the value of an option, which must be there.
value() {
  if [ $# -lt 2 ] || [ -z "$2" ]; then usage_error "$1 needs a value"; fi
  printf '%s' "$2"
}

# read_outputs: sets `outputs` to the stack's, a name and a value on each line. Fails where there is no such stack.
read_outputs() {
  outputs=$(aws cloudformation describe-stacks --region "${region:?}" --stack-name "${stack:?}" \
    --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]' --output text 2>&1) || {
    case $outputs in
      *'does not exist'*) return 1 ;;
      *) die "cannot read the stack $stack in $region: ${outputs##*$'\n'}" ;;
    esac
  }
}

# output NAME: one of the outputs, or nothing.
output() { printf '%s\n' "$outputs" | sed -n "s/^$1	//p"; }

# made NAME: the physical name of what the stack itself made under a logical name, or nothing.
made() {
  local told
  told=$(aws cloudformation list-stack-resources --region "$region" --stack-name "$stack" \
    --query "StackResourceSummaries[?LogicalResourceId=='$1'].PhysicalResourceId" --output text) ||
    die "cannot read what the stack $stack is made of"
  [ "$told" = None ] || printf '%s' "$told"
}

# invoke FUNCTION COMMAND: gives a function a command, waits, and fails with its words when it did.
invoke() {
  local answer failed
  answer=$(mktemp)
  failed=$(aws lambda invoke --region "$region" --function-name "$1" --cli-read-timeout 900 \
    --cli-binary-format raw-in-base64-out --payload "{\"otlp2parquet\":\"$2\"}" \
    --query FunctionError --output text "$answer") || die "cannot invoke $1"
  [ "$failed" = None ] ||
    die "$2 failed: $(cat "$answer") The log has more: aws logs tail /otlp2parquet/$stack --region $region"
  cat "$answer"
  rm -f "$answer"
}

# owed BUCKET [RECEIPTS]: how many receipts in it, below RECEIPTS, wait for their commit, 1000 at most. A stack that says of
# no such prefix has them at the top.
owed() {
  aws s3api list-objects-v2 --region "$region" --bucket "$1" --prefix "${2:-_receipts/}owed/" \
    --no-paginate --query KeyCount --output text
}

# stop_intake: lets nothing run of the intake any more, until start_intake or the end of the script. While it answers it
# may owe more.
stop_intake() {
  local name
  name=$(output FunctionName)
  reserved=$(aws lambda get-function-concurrency --region "$region" --function-name "$name" \
    --query ReservedConcurrentExecutions --output text) || die "cannot read how many of $name may run at once"
  aws lambda put-function-concurrency --region "$region" --function-name "$name" \
    --reserved-concurrent-executions 0 >/dev/null ||
    die "cannot stop $name, which leaves receipts as long as it runs. Where some are kept warm: infra/deploy.sh --region $region --stack $stack --set ProvisionedConcurrency=0 first"
  stopped=$name
  trap start_intake EXIT
}

# start_intake: senders are answered as before.
start_intake() {
  if [ -z "$stopped" ]; then return; fi
  local call=(delete-function-concurrency --region "$region" --function-name "$stopped")
  if [[ $reserved =~ ^[0-9]+$ ]]; then
    call=(put-function-concurrency "${call[@]:1}" --reserved-concurrent-executions "$reserved")
  fi
  if aws lambda "${call[@]}" >/dev/null; then
    echo "$stopped takes requests again" >&2
  else
    echo "$program: $stopped is stopped, and senders get no answers. To start it: aws lambda ${call[*]}" >&2
  fi
  stopped=''
}

# settle: stops the intake, pays what is owed, and sets `left` to how many receipts stay all the same. Fails where the sweep did.
settle() {
  stop_intake
  # What has begun is answered within 8 s, after a start of 10 at most.
  sleep 20
  (invoke "$(output SweepFunctionName)" sweep >/dev/null) || return 1
  # Whoever sources this reads it.
  # shellcheck disable=SC2034
  left=$(owed "$(output StateBucketName)" "$(output ReceiptsPrefix)") || die "cannot list the receipts in $(output StateBucketName)"
}

# tell_unpaid COUNT BUCKET RECEIPTS ARN NAMESPACE: that receipts of a table bucket stay, with nobody to pay them, and what
# pays them.
tell_unpaid() {
  local folder=${3%_receipts/}
  cat >&2 <<END
$program: $1 COMMITS ARE STILL OWED, by receipts in $2, and nothing of AWS pays them any more. Their rows were
acknowledged and are in no table; S3 Tables removes their files after three days. Until 0 are owed, here or wherever the
program runs on Node:
  AWS_REGION=$region OTLP2PARQUET_ICEBERG_REST_URI=https://s3tables.$region.amazonaws.com/iceberg \\
  OTLP2PARQUET_ICEBERG_WAREHOUSE=$4 OTLP2PARQUET_ICEBERG_NAMESPACE=$5 \\
  OTLP2PARQUET_STATE_BUCKET=$2${folder:+ OTLP2PARQUET_STORAGE_PREFIX=${folder%/}} npm start -- sweep
END
}

# signing SERVICE: options for curl in a file, with which it signs with the AWS credentials that the aws command uses.
signing() {
  local key='' secret='' session='' name text told
  curl --help all | grep -e --aws-sigv4 >/dev/null || die 'this curl cannot sign for AWS: it wants 7.75 or newer'
  told=$(aws configure export-credentials --format env-no-export) || die 'there are no credentials to sign with: log in first'
  while IFS='=' read -r name text; do
    case $name in
      AWS_ACCESS_KEY_ID) key=$text ;;
      AWS_SECRET_ACCESS_KEY) secret=$text ;;
      AWS_SESSION_TOKEN) session=$text ;;
    esac
  done <<<"$told"
  printf 'aws-sigv4 = "aws:amz:%s:%s"\nuser = "%s:%s"\n' "$region" "$1" "$key" "$secret"
  if [ -n "$session" ]; then printf 'header = "x-amz-security-token: %s"\n' "$session"; fi
}
