/**
 * A Worker in workerd: what a request of logs takes of the processor, by its size, into plain files and into tables in the bucket
 * itself; the first request of an isolate, and later ones, when all is compiled. The bucket is Miniflare's simulator, in the
 * same process: its work counts here, while Cloudflare's is not the Worker's.
 */
import { type RunningWorker, startWorker, workerds } from '../tools/worker.ts'
import { cpuOf } from './measure.ts'
import { type Payload, payloadOf } from './payloads.ts'

/** Records in a request, and how many requests are measured after as many that are not. */
const sizes = [
  { records: 1, requests: 100 },
  { records: 100, requests: 100 },
  { records: 1_000, requests: 100 },
  { records: 10_000, requests: 20 },
] as const

type Size = (typeof sizes)[number]

const ways: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {},
  tables: { OTLP2PARQUET_ICEBERG_CATALOG: 'file' },
}

/** Measures; the lines to print. */
export const workerLines = async (smoke: boolean): Promise<string[]> => {
  const lines: string[] = []
  for (const size of sizes) {
    const times: number[] = []
    for (const variables of Object.values(ways)) {
      times.push(...(await measured(variables, smoke ? { ...size, requests: 1 } : size)))
    }
    lines.push(lineOf([String(size.records), ...times.map((time) => time.toFixed(0))]))
  }
  const titles = Object.keys(ways).flatMap((way) => [`${way}, first`, `${way}, later`])
  return [
    'workerd: milliseconds of CPU for a request of logs, the first of an isolate and the mean of later ones',
    lineOf(['records', ...titles]),
    ...lines,
  ]
}

const lineOf = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(15)).join('')

/** Of an isolate of its own: milliseconds for the first request, and for a later one. */
const measured = async (
  variables: Readonly<Record<string, string>>,
  { records, requests }: { readonly [name in keyof Size]: number },
): Promise<readonly [number, number]> => {
  const worker = await startWorker({ variables: { OTLP2PARQUET_AUTH: 'none', ...variables } })
  try {
    const pid = Number(workerds().at(-1))
    const payload = payloadOf('logs', records, 'protobuf')
    const spent = async (count: number): Promise<number> => {
      const before = cpuOf(pid)
      for (let i = 0; i < count; i++) await send(worker, payload)
      return (cpuOf(pid) - before) / count / 1000
    }
    const first = await spent(1)
    await spent(requests)
    return [first, await spent(requests)]
  } finally {
    await worker.stop()
  }
}

const send = async ({ url }: RunningWorker, { next }: Payload): Promise<void> => {
  const headers = { 'Content-Type': 'application/x-protobuf' }
  const answer = await fetch(`${url}v1/logs`, { method: 'POST', body: next(), headers })
  await answer.arrayBuffer()
  if (answer.status !== 200) throw new Error(`the Worker answered ${answer.status}`)
}
