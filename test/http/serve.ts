/**
 * The program as the contract tests it, with the real way into the tables: the application in this
 * process over a storage in memory, and the Node server with files on disk.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { startServer } from '../../runtimes/node.ts'
import { authOf } from '../../runtimes/shared/auth.ts'
import { contentCodings } from '../../runtimes/shared/content-codings.ts'
import { createApp, type Receive } from '../../src/app.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { createEncoder } from '../../src/parquet/encoder.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import type { TableRow } from '../judge/rows.ts'
import { createPlainIngest } from '../tools/plain-ingest.ts'
import type { Configuration } from './case.ts'
import { type Send, sendOver, sendTo } from './send.ts'
import { rowsOfFile } from './stored.ts'

export interface Served {
  readonly send: Send
  /** The rows stored since the last call, which are then forgotten. */
  readonly takeRows: () => Promise<TableRow[]>
  readonly close: () => Promise<unknown>
}

const wasm = compileParquetWasm()

/** The configuration of a group. Equal bodies count each time: many cases send the same. */
const configOf = ({ auth, ...rest }: Configuration = {}): Config => ({
  ...readConfig({ OTLP2PARQUET_DEDUPE: 'off', OTLP2PARQUET_LISTEN_ADDR: '127.0.0.1:0' }, 'node'),
  maxPayloadBytes: 8 << 20,
  ...rest,
  auth: auth ?? { kind: 'none' },
})

type Fetch = (request: Request, env?: object) => Response | Promise<Response>

/** What stands between a sender and the application in this process. */
interface Between {
  readonly receive: Receive
  readonly through: (fetch: Fetch) => (request: Request) => Response | Promise<Response>
}

/** The application in this process, over a storage in memory. */
export const serveInProcess = async (
  configuration?: Configuration,
  between?: Between,
): Promise<Served> => {
  const config = configOf(configuration)
  const storage = createMemoryStorage()
  const { encode } = createEncoder({ module: await wasm, version: '0' })
  const { maxFilesPerRequest: maxFiles, dedupe, auth } = config
  const app = createApp({
    ingest: createPlainIngest({
      storage,
      encode,
      maxFiles,
      dedupe,
      log: noLog,
      metrics: noMetrics,
    }),
    ready: storage.ready,
    inflate: contentCodings(),
    ...(between && { receive: between.receive }),
    auth: authOf(auth),
    limits: config,
    basePath: config.basePath ?? '',
    corsOrigins: config.corsOrigins ?? [],
    metrics: noMetrics,
    log: noLog,
  })
  const takeRows = async () => {
    const rows: TableRow[] = []
    for await (const { key } of storage.list('')) {
      rows.push(...(await rowsOfFile(key, (await storage.get(key)) ?? new Uint8Array())))
      await storage.delete(key)
    }
    return rows
  }
  return { send: sendTo(between?.through(app.fetch) ?? app.fetch), takeRows, close: async () => {} }
}

/** The Node server on a free port, writing below a temporary folder. */
export const serveOnNode = async (
  configuration?: Configuration,
): Promise<Served & { readonly url: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-contract-'))
  const config = { ...configOf(configuration), storagePath: folder }
  const { url, ready, drain } = await startServer({ config, version: '0', wasm, log: noLog })
  await ready
  const takeRows = async () => {
    const names = await readdir(folder, { recursive: true })
    const files = names.filter((name) => name.endsWith('.parquet'))
    const rows = files.map(async (name) =>
      rowsOfFile(name.split(sep).join('/'), await readFile(join(folder, name))),
    )
    const taken = (await Promise.all(rows)).flat()
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true })
    return taken
  }
  const close = async () => {
    await drain()
    await rm(folder, { recursive: true })
  }
  return { url, send: sendOver(url), takeRows, close }
}
