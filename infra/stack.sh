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

# need_aws: the AWS CLI, of a version that has all that is asked of it here: S3 Tables, and what version 1 never had.
need_aws() {
  local where=https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html version
  need aws "$where"
  version=$(aws --version 2>&1) || version=none
  [[ $version =~ ^aws-cli/([0-9]+)\.([0-9]+) ]] && [ $((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2])) -ge 2022 ] ||
    die "needs aws 2.22 or newer, and this is ${version%% *}: $where"
}

# need_deployer: what a deployment takes besides aws.
need_deployer() {
  need sam 'https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html'
  need make 'it comes with every build-essential and with the tools of Xcode'
  need node 'https://nodejs.org'
  need npm 'it comes with Node'
}

# need_credentials: whoever runs this must be somebody to AWS; sets `account`, and `partition`, which ARNs begin with.
need_credentials() {
  local told arn
  told=$(aws sts get-caller-identity --query '[Account,Arn]' --output text 2>&1) ||
    die "AWS does not know you: set AWS_PROFILE, or log in (aws configure, aws sso login). It said: ${told##*$'\n'}"
  # Whoever sources this reads them.
  # shellcheck disable=SC2034
  IFS=$'\t' read -r account arn <<<"${told##*$'\n'}"
  arn=${arn#arn:}
  # shellcheck disable=SC2034
  partition=${arn%%:*}
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

# read_parameters: sets `parameters` to the stack's, a name and a value on each line.
read_parameters() {
  parameters=$(aws cloudformation describe-stacks --region "$region" --stack-name "$stack" \
    --query 'Stacks[0].Parameters[].[ParameterKey,ParameterValue]' --output text) ||
    die "cannot read the parameters of the stack $stack in $region"
}

# parameter NAME: one of the parameters, or nothing.
parameter() { printf '%s\n' "$parameters" | sed -n "s/^$1	//p"; }

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
  local answer failed told
  answer=$(mktemp)
  failed=$(aws lambda invoke --region "$region" --function-name "$1" --cli-read-timeout 900 \
    --cli-binary-format raw-in-base64-out --payload "{\"otlp2parquet\":\"$2\"}" \
    --query FunctionError --output text "$answer") || {
    rm -f "$answer"
    die "cannot invoke $1"
  }
  told=$(cat "$answer")
  rm -f "$answer"
  [ "$failed" = None ] || die "$2 failed: $told The log has more: aws logs tail /otlp2parquet/$stack --region $region"
  printf '%s\n' "$told"
}

# owed BUCKET [RECEIPTS]: how many receipts in it, below RECEIPTS, wait for their commit. A stack that says of no such prefix
# has them at the top.
owed() {
  local pages page all=0
  # As text the tool tells the length of each page, and a count that stands still at a page's would hide what a sweep pays.
  pages=$(aws s3api list-objects-v2 --region "$region" --bucket "$1" --prefix "${2:-_receipts/}owed/" \
    --query "length(Contents || '')" --output text) || return 1
  for page in $pages; do all=$((all + page)); done
  echo "$all"
}

# stack_status: what CloudFormation says the stack is.
stack_status() {
  aws cloudformation describe-stacks --region "$region" --stack-name "$stack" \
    --query 'Stacks[0].StackStatus' --output text
}

# is_whole STATUS: whether a stack in it is all as it was, or all as it should be.
is_whole() {
  case $1 in
    # Not UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: what the update took away is still there, such as an address that asks for no
    # signatures, before a function that asks for no token any more.
    CREATE_COMPLETE | UPDATE_COMPLETE | IMPORT_COMPLETE) ;;
    UPDATE_ROLLBACK_COMPLETE | UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS | IMPORT_ROLLBACK_COMPLETE) ;;
    *) return 1 ;;
  esac
}

# way_out STATUS: what to do about a stack that is not whole.
way_out() {
  local it="--region $region --stack-name $stack" and=''
  case $1 in
    *_IN_PROGRESS)
      echo 'wait until that is done'
      return
      ;;
    UPDATE_ROLLBACK_FAILED) and=", then aws cloudformation continue-update-rollback $it" ;;
    UPDATE_FAILED) and=", then aws cloudformation rollback-stack $it" ;;
  esac
  echo "aws cloudformation describe-stack-events $it says why; mend that$and"
}

# at_once FUNCTION: how many of it may run at once, None where nobody has set that; where it fails, what aws says.
at_once() {
  local told
  told=$(aws lambda get-function-concurrency --region "$region" --function-name "$1" \
    --query ReservedConcurrentExecutions --output text 2>&1) || {
    printf '%s' "$told"
    return 1
  }
  printf '%s' "${told##*$'\n'}"
}

# is_gone WORDS: whether aws says by them that there is no such function. A stack that could not be removed still tells of it.
is_gone() { [[ $1 == *'(ResourceNotFoundException) when calling '* ]]; }

# stop_intake: lets nothing run of the intake any more, until start_intake or the end of the script. While it answers it
# may owe more. One that is gone answers nobody.
stop_intake() {
  local name
  name=$(output FunctionName)
  reserved=$(at_once "$name") || {
    if is_gone "$reserved"; then return 0; fi
    die "cannot read how many of $name may run at once: $reserved"
  }
  # Before it is asked for: it may be done though its answer is lost, or this ends meanwhile.
  stopped=$name
  trap start_intake EXIT
  aws lambda put-function-concurrency --region "$region" --function-name "$name" \
    --reserved-concurrent-executions 0 >/dev/null ||
    die "cannot stop $name, which leaves receipts as long as it runs. Where some are kept warm: infra/deploy.sh --region $region --stack $stack --set ProvisionedConcurrency=0 first"
}

# start_intake: senders are answered as before; where the stack was deployed meanwhile with another number that may run at
# once, that one stands.
start_intake() {
  if [ -z "$stopped" ]; then return; fi
  local name=$stopped now status
  local call=(delete-function-concurrency --region "$region" --function-name "$name")
  if [[ $reserved =~ ^[1-9][0-9]*$ ]]; then
    call=(put-function-concurrency "${call[@]:1}" --reserved-concurrent-executions "$reserved")
  fi
  stopped=''
  if [ "${guards:-no}" = yes ]; then
    status=$(stack_status) || status=unknown
    if ! is_whole "$status"; then
      echo "$program: $name stays stopped, since the stack is neither as it was nor as it should be ($status) and might let in anybody: $(way_out "$status"). To start it once the stack is in UPDATE_COMPLETE or UPDATE_ROLLBACK_COMPLETE, and not before: aws lambda ${call[*]}" >&2
      return
    fi
  fi
  now=$(at_once "$name") || {
    if is_gone "$now"; then return; fi
    now=0
  }
  if [ "$now" != 0 ]; then
    echo "$name takes requests" >&2
  elif [ "$reserved" = 0 ]; then
    echo "$program: $name was stopped before this began, and stays so: senders get no answers. To start it: aws lambda ${call[*]}" >&2
  elif aws lambda "${call[@]}" >/dev/null; then
    echo "$name takes requests again" >&2
  else
    echo "$program: $name is stopped, and senders get no answers. To start it: aws lambda ${call[*]}" >&2
  fi
}

# pay: sweeps until nothing is owed, and sets `left` to how many receipts stay all the same, and `sweeper` to gone where
# there is no sweep any more. A sweep leaves the work to the schedule's when that is at it, may be refused for its sake, and
# ends with its time; so another follows, until two minutes have gone in which nothing was paid: a lease stands as long.
# Whoever sources this reads them.
# shellcheck disable=SC2034
pay() {
  local name told fewest='' idle=0
  name=$(output SweepFunctionName)
  sweeper=there
  while true; do
    told=$({ invoke "$name" sweep >/dev/null; } 2>&1) || true
    if is_gone "$told"; then
      sweeper=gone
      echo "$program: the function $name is gone, and sweeps no more" >&2
      # With it others may be gone.
      left=$(owed "$(output StateBucketName)" "$(output ReceiptsPrefix)") || left=some
      return
    fi
    left=$(owed "$(output StateBucketName)" "$(output ReceiptsPrefix)") ||
      die "cannot list the receipts in $(output StateBucketName)"
    if [ "$left" = 0 ]; then return; fi
    if [ -z "$fewest" ] || [ "$left" -lt "$fewest" ]; then
      fewest=$left
      idle=0
      echo "$left commits are still owed" >&2
    else
      idle=$((idle + 1))
    fi
    if [ "$idle" = 12 ]; then break; fi
    sleep 10
  done
  if [ -n "$told" ]; then printf '%s\n' "$told" >&2; fi
}

# settle: stops the intake and pays what is owed, as `pay` does.
settle() {
  stop_intake
  # What has begun is answered within 8 s, after a start of 10 at most.
  if [ -n "$stopped" ]; then sleep 20; fi
  pay
}

# tell_unpaid COUNT BUCKET RECEIPTS ARN NAMESPACE: that receipts of a table bucket stay, with nobody to pay them, and what
# pays them.
tell_unpaid() {
  local folder=${3%_receipts/} domain=amazonaws.com
  case $region in cn-*) domain+=.cn ;; eusc-*) domain=amazonaws.eu ;; esac
  cat >&2 <<END
$program: $1 COMMITS ARE STILL OWED, by receipts in $2, and nothing of AWS pays them any more. Their rows were
acknowledged and are in no table; S3 Tables removes their files after three days. Until 0 are owed, here or wherever the
program runs on Node:
  AWS_REGION=$region OTLP2PARQUET_ICEBERG_REST_URI=https://s3tables.$region.$domain/iceberg \\
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
