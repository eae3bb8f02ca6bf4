/** Runs the scripts of infra/ where all they reach is stand-ins, and tells what these were asked. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { identifiersOf } from '../../runtimes/shared/tables.ts'
import { readConfig } from '../../src/config.ts'
import { temporaryFolder } from '../runtimes/program.ts'
import { type Json, parametersOf, stackOf } from './template.ts'

const root = join(import.meta.dirname, '../..')

export const scripts = ['deploy.sh', 'destroy.sh', 'test.sh', 'verify-live.sh'] as const
export type Script = (typeof scripts)[number] | 'verify-cloudflare.sh'

/** Outputs as the command prints them. */
export const lines = (outputs: Readonly<Record<string, Json>>): string =>
  Object.entries(outputs)
    .map(([name, value]) => `${name}\t${value}\n`)
    .join('')

/** What the program calls its tables. */
export const ourTables: readonly string[] = identifiersOf(
  readConfig({ OTLP2PARQUET_AUTH: 'none' }, 'node'),
).map(({ name }) => name)

/** What the stack itself made. */
const made = lines({
  TableBucket: 'arn:aws:s3tables:us-east-1:123456789012:bucket/stack-tables',
  StateBucket: 'statebucket',
  TokensSecret: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:TokensSecret-AbCdEf',
})

export interface Options {
  readonly input?: string
  /** Files of the world. */
  readonly world?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Tools that are not on the path. */
  readonly without?: readonly string[]
  /** Those of a stack that is there. */
  readonly outputs?: string
  /** Stand-ins besides those for `aws` and `sam`. */
  readonly standIns?: readonly string[]
}

/** For what is sent, and asked, beyond the clouds' own tools. */
export const serving = ['curl', 'duckdb', 'sleep'] as const

const machine = [
  ...['bash', 'sed', 'grep', 'cat', 'cp', 'rm', 'mktemp', 'curl', 'node', 'npm', 'make', 'tail'],
  ...['dirname', 'basename', 'date', 'head', 'touch', 'chmod', 'gzip', 'dd', 'wc', 'tr', 'sleep'],
  ...['mkdir', 'rmdir'],
]

/** A path with these tools only: each is a link to the machine's own, or a stand-in. */
const pathOf = ({ without = [], standIns = [] }: Options): string => {
  const folder = temporaryFolder()
  const places = (process.env.PATH ?? '').split(':')
  const ours = ['aws', 'sam', ...standIns]
  for (const tool of [...machine.filter((one) => !ours.includes(one)), ...ours]) {
    const place = ours.includes(tool)
      ? join(import.meta.dirname, 'stand-ins')
      : places.find((one) => existsSync(join(one, tool)))
    if (place === undefined || without.includes(tool)) continue
    symlinkSync(join(place, tool), join(folder, tool))
  }
  return folder
}

/** Runs a script to its end. */
export const runScript = async (script: Script, args: readonly string[], options: Options = {}) => {
  const world = temporaryFolder()
  const files = {
    calls: '',
    answer: '{"status":"ok"}',
    'new-outputs': lines(stackOf().outputs),
    resources: made,
    parameters: lines(parametersOf()),
    // Those that are there, and those that will be after an init; one is somebody else's.
    tables: options.outputs === undefined ? 'None\n' : 'logs\ttraces\n',
    'made-tables': `orders\t${ourTables.join('\t')}\n`,
    ...(options.outputs !== undefined && { outputs: options.outputs }),
    ...options.world,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(world, name), text)
  const env = { PATH: pathOf(options), WORLD: world, HOME: world, ...options.env }
  const running = promisify(execFile)(join(root, 'infra', script), args, { env })
  // It may end before it reads.
  running.child.stdin?.on('error', () => {}).end(options.input ?? '')
  const ended = await running.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
  const linesOf = (name: string): string[] => {
    const text = existsSync(join(world, name)) ? readFileSync(join(world, name), 'utf8') : ''
    return text === '' ? [] : text.trimEnd().split('\n')
  }
  return {
    code: ended.code,
    stdout: ended.stdout,
    stderr: ended.stderr,
    /** Of `aws`, `sam` and `npx`; where an answer goes is another file each time. */
    calls: linesOf('calls').map((call) => call.replace(/ \S*\/tmp\.\w+$/, ' FILE')),
    /** What the last call of sam was given, argument by argument. */
    given: linesOf('arguments'),
    /** Where curl was sent, and with which options in a file. */
    sent: linesOf('sent'),
    /** Each wait, in seconds, where it was no real one. */
    slept: linesOf('slept'),
    /** What DuckDB was asked. */
    asked: linesOf('asked').join('\n'),
  }
}

const region = '--region us-east-1'

export const here = ['--region', 'us-east-1', '--stack', 'stack']

/** Calls that several scripts make. */
export const call = {
  identity: 'aws sts get-caller-identity --query [Account,Arn] --output text',
  stack: `aws cloudformation describe-stacks ${region} --stack-name stack --query Stacks[0].Outputs[].[OutputKey,OutputValue] --output text`,
  parameters: `aws cloudformation describe-stacks ${region} --stack-name stack --query Stacks[0].Parameters[].[ParameterKey,ParameterValue] --output text`,
  status: `aws cloudformation describe-stacks ${region} --stack-name stack --query Stacks[0].StackStatus --output text`,
  invoke: (name: string, command: string): string =>
    `aws lambda invoke ${region} --function-name ${name} --cli-read-timeout 900 --cli-binary-format raw-in-base64-out --payload {"otlp2parquet":"${command}"} --query FunctionError --output text FILE`,
  owed: `aws s3api list-objects-v2 ${region} --bucket statebucket --prefix _receipts/owed/ --query length(Contents || '') --output text`,
  samDeploy: (more = ''): string =>
    `sam deploy --template-file .aws-sam/build/template.yaml --stack-name stack ${region} --resolve-s3 --capabilities CAPABILITY_IAM --no-confirm-changeset --no-fail-on-empty-changeset${more}`,
} as const

export const bucket = 'arn:aws:s3tables:us-east-1:123456789012:bucket/stack-tables'
export const inBucket = `${region} --table-bucket-arn ${bucket}`
