/** The Worker in workerd, through Miniflare: Cloudflare's own runtime, with a bucket of R2 beside it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import type { R2Binding } from '../../src/storage/r2-binding.ts'
import { bundleWorker, type WorkerModules } from './bundle-worker.ts'

export interface WorkerOptions {
  /** The Worker, where it was bundled elsewhere. */
  readonly modules?: WorkerModules
  /** Variables and secrets. */
  readonly variables?: Readonly<Record<string, string>>
  /** A folder in which the bucket outlasts the process; else it is in memory. */
  readonly folder?: string
  /** 0, or nothing: any that is free. */
  readonly port?: number
  /** Takes what the Worker writes to its console; without it nobody reads it. */
  readonly write?: (line: string) => void
}

/** A Worker that runs. */
export interface RunningWorker {
  /** Where it can be reached: `http://127.0.0.1:8787/`. */
  readonly url: string
  /** Its bucket, from outside. */
  readonly bucket: R2Binding
  /** Milliseconds that workerd took to load the bundle. */
  readonly startMs: number
  /** Lets its cron trigger have a turn, planned for `time` (milliseconds since 1970). */
  turn(time?: number): Promise<unknown>
  stop(): Promise<void>
}

/** What Miniflare has beyond a Worker's `fetch`. */
interface Scheduled {
  readonly scheduled: (event: { scheduledTime: Date; cron: string }) => Promise<unknown>
}

/** The name of the bucket. */
export const bucketName = 'lake'

/** As it is deployed. */
const platformOf = (toml: string) => {
  const [, date = ''] = /^compatibility_date = "(.+)"$/m.exec(toml) ?? []
  const [, flags = ''] = /^compatibility_flags = (\[.*\])$/m.exec(toml) ?? []
  return { compatibilityDate: date, compatibilityFlags: JSON.parse(flags) as string[] }
}

/** The date and the flags that it is deployed with. */
export const platform = platformOf(
  readFileSync(join(import.meta.dirname, '../../wrangler.toml'), 'utf8'),
)

let bundled: ReturnType<typeof bundleWorker> | undefined

/** The Worker, bundled once for all. */
const ownModules = (): Promise<WorkerModules> => {
  bundled ??= bundleWorker()
  return bundled
}

/** Starts the Worker. */
export const startWorker = async (options: WorkerOptions = {}): Promise<RunningWorker> => {
  const { variables = {}, folder, port = 0, write = () => {} } = options
  const { script, wasm, wasmName } = options.modules ?? (await ownModules())
  const started = performance.now()
  const miniflare = new Miniflare({
    ...platform,
    modules: [
      { type: 'ESModule', path: 'worker.mjs', contents: script },
      { type: 'CompiledWasm', path: wasmName.replace('./', ''), contents: wasm },
    ],
    r2Buckets: { BUCKET: bucketName },
    ...(folder !== undefined && { r2Persist: folder }),
    bindings: { OTLP2PARQUET_R2_BUCKET: bucketName, ...variables },
    port,
    handleRuntimeStdio: (out: NodeJS.ReadableStream, err: NodeJS.ReadableStream) => {
      for (const stream of [out, err]) eachLine(stream, write)
    },
  })
  const url = await miniflare.ready
  const startMs = performance.now() - started
  const { scheduled } = (await miniflare.getWorker()) as unknown as Scheduled
  return {
    url: url.href,
    // The same methods, which ask the bucket in workerd.
    bucket: (await miniflare.getR2Bucket('BUCKET')) as unknown as R2Binding,
    startMs,
    turn: (time = Date.now()) => scheduled({ scheduledTime: new Date(time), cron: '* * * * *' }),
    stop: () => miniflare.dispose(),
  }
}

const eachLine = (stream: NodeJS.ReadableStream, take: (line: string) => void): void => {
  let rest = ''
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(take)
  })
}

/** Cloudflare's runtimes that this process has started, the oldest first: their process ids. */
export const workerds = (): string[] =>
  readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('workerd'))

/** Every object of a bucket by its key. */
export const objectsOf = async (
  bucket: R2Binding,
  prefix = '',
): Promise<Map<string, Uint8Array>> => {
  const objects = new Map<string, Uint8Array>()
  let cursor: string | undefined
  do {
    const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) })
    for (const { key } of page.objects) {
      const bytes = await (await bucket.get(key))?.arrayBuffer()
      if (bytes !== undefined) objects.set(key, new Uint8Array(bytes))
    }
    cursor = page.truncated ? page.cursor : undefined
  } while (cursor !== undefined)
  return objects
}
