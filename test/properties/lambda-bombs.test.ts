// Protects: no request that a function on Lambda can be sent takes it near the 512 MB it has; more would be a kill, which senders
// answer by coming again, for ever. Asked of what is uploaded, each bomb of a process of its own, as after a cold start.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, it } from 'vitest'
import { posted } from '../runtimes/function-url-event.ts'
import { root, runProgram, temporaryFolder } from '../runtimes/program.ts'
import { functionMb, lambdaOptions } from '../tools/lambda-node.ts'
import { type Bomb, bombs } from './bombs.ts'

const execute = promisify(execFile)

/** MiB, of 512 MB: the platform's own runtime takes some. */
const bound = 450

/** Where a request comes on top of what is left of those before it. */
const warmBound = 480

/** Those that took most before there were limits, or take most with them. */
const dear = bombs.filter(({ name }) =>
  /^(30 MB|32 MB|16,000,000|8,000,000|10,000,000|1,0[05]0,000 (empty (entity|events)|links|exemplars)|2 MB|5 MB|100,000 hours)/.test(
    name,
  ),
)

let task: string
beforeAll(async () => {
  const folder = temporaryFolder()
  await execute(process.execPath, ['test/tools/build-lambda.ts', folder], { cwd: root })
  task = join(folder, 'lambda')
})

const script = `import { readFileSync } from 'node:fs'
  const { handler } = await import('./lambda.mjs')
  const context = { awsRequestId: 'id', getRemainingTimeInMillis: () => 60_000 }
  const statusCodes = []
  for (const event of process.argv.slice(1)) {
    statusCodes.push((await handler(JSON.parse(readFileSync(event, 'utf8')), context)).statusCode)
  }
  const [, peak = '0'] = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  console.log(JSON.stringify({ statusCodes, MiB: Math.round(Number(peak) / 1024) }))
  process.exit()`

/** Sends bombs to one process, one after the other: what it answered, and the most that it ever had. */
const explode = async (sent: readonly Bomb[]): Promise<{ statusCodes: number[]; MiB: number }> => {
  const data = temporaryFolder()
  const events = sent.map(({ signal, encoding, isGzip, body }, i) => {
    const wire = isGzip ? body() : gzipSync(body(), { level: 1 })
    const headers = { 'content-encoding': 'gzip', 'content-type': `application/${types[encoding]}` }
    const event = join(data, `${i}.json`)
    writeFileSync(event, JSON.stringify(posted(wire, signal, headers)))
    return event
  })
  const env = {
    OTLP2PARQUET_STORAGE_BACKEND: 'fs',
    OTLP2PARQUET_STORAGE_PATH: data,
    OTLP2PARQUET_AUTH: 'none',
    OTLP2PARQUET_MAX_FILES_PER_REQUEST: '50',
    OTLP2PARQUET_REQUEST_DEADLINE_MS: '60000',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(functionMb),
  }
  const command = [...lambdaOptions, '--input-type=module', '--eval', script, ...events]
  const { stdout } = await runProgram({ command, cwd: task, env })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

const isLinux = process.platform === 'linux'

it.skipIf(!isLinux).each(dear)('$signal, $encoding: $name', async (bomb) => {
  const { statusCodes, MiB } = await explode([bomb])
  expect(MiB).toBeGreaterThan(0)
  expect(MiB).toBeLessThanOrEqual(bound)
  expect(statusCodes).toEqual([bomb.status])
})

it.skipIf(!isLinux)('each of them in a row, in a process that is warm', async () => {
  const { statusCodes, MiB } = await explode([...dear, ...dear])
  expect(MiB).toBeGreaterThan(bound / 2)
  expect(MiB).toBeLessThanOrEqual(warmBound)
  expect(statusCodes).toEqual([...dear, ...dear].map(({ status }) => status))
})

const types = { protobuf: 'x-protobuf', json: 'json' } as const
