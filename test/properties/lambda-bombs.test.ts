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
import { bombs } from './bombs.ts'

const execute = promisify(execFile)

/** MiB, of 512 MB: the platform's own runtime takes some. */
const bound = 450

/** Those that took most before there were limits, or take most with them. */
const dear =
  /^(30 MB|32 MB|16,000,000|8,000,000|10,000,000|1,0[05]0,000 (empty (entity|events)|links|exemplars)|2 MB|100,000 hours)/

let task: string
beforeAll(async () => {
  const folder = temporaryFolder()
  await execute(process.execPath, ['test/tools/build-lambda.ts', folder], { cwd: root })
  task = join(folder, 'lambda')
}, 60_000)

const script = `import { readFileSync } from 'node:fs'
  const { handler } = await import('./lambda.mjs')
  const context = { awsRequestId: 'id', getRemainingTimeInMillis: () => 60_000 }
  const { statusCode } = await handler(JSON.parse(readFileSync(process.argv[1], 'utf8')), context)
  const [, peak = '0'] = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  console.log(JSON.stringify({ statusCode, MiB: Math.round(Number(peak) / 1024) }))
  process.exit()`

it.skipIf(process.platform !== 'linux').each(bombs.filter(({ name }) => dear.test(name)))(
  '$signal, $encoding: $name',
  async ({ signal, encoding, isGzip, status, body }) => {
    const wire = isGzip ? body() : gzipSync(body(), { level: 1 })
    const headers = { 'content-encoding': 'gzip', 'content-type': `application/${types[encoding]}` }
    const data = temporaryFolder()
    const event = join(data, 'event.json')
    writeFileSync(event, JSON.stringify(posted(wire, signal, headers)))
    const env = {
      OTLP2PARQUET_STORAGE_BACKEND: 'fs',
      OTLP2PARQUET_STORAGE_PATH: data,
      OTLP2PARQUET_AUTH: 'none',
      OTLP2PARQUET_MAX_FILES_PER_REQUEST: '50',
      OTLP2PARQUET_REQUEST_DEADLINE_MS: '60000',
    }
    const command = ['--input-type=module', '--eval', script, event]
    const { stdout } = await runProgram({ command, cwd: task, env })
    const { statusCode, MiB } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    expect(MiB).toBeGreaterThan(0)
    expect(MiB).toBeLessThanOrEqual(bound)
    expect(statusCode).toBe(status)
  },
)

const types = { protobuf: 'x-protobuf', json: 'json' } as const
