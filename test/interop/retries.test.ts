/**
 * Protects what a lost answer costs: nothing. Real exporters send again what had arrived, some of them compressed
 * anew, seconds later, and it stands once.
 */
import { rm } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { foundRows, requestIds, wantedRows } from './compare.ts'
import { here, python, regzip, run } from './programs.ts'
import { type Loss, type LossyProxy, startProxy } from './proxy.ts'
import { duckdb } from './readers/duckdb.ts'
import type { Reading } from './rows.ts'
import { type Server, startServer } from './server.ts'

interface Exporter {
  readonly program: readonly [string, string]
  readonly encoding: string
  /** How the first answers of each signal are lost, and how many. */
  readonly loss: Loss
  readonly losses: number
  /** Whether attempts at one request differ on the wire. */
  readonly anew: boolean
  readonly signals?: readonly string[]
}

const javascript = [process.execPath, 'javascript.mjs'] as const
const exporters: Readonly<Record<string, Exporter>> = {
  // It sends at once when a connection was cut, and then after 1 and 2 seconds.
  'Python, protobuf': {
    program: [python, 'python.py'],
    encoding: 'protobuf',
    loss: 'cut',
    losses: 4,
    anew: false,
  },
  'Python, JSON': {
    program: [python, 'python.py'],
    encoding: 'json',
    loss: 504,
    losses: 2,
    anew: false,
  },
  // The gzip header says when it was made, in seconds. Its logs and metrics cannot do all that is sent.
  'Python 1.39, protobuf': {
    program: [regzip, 'python.py'],
    encoding: 'protobuf',
    loss: 504,
    losses: 2,
    anew: true,
    signals: ['traces'],
  },
  'JavaScript, protobuf': {
    program: javascript,
    encoding: 'protobuf',
    loss: 504,
    losses: 2,
    anew: false,
  },
  'JavaScript, JSON': {
    program: javascript,
    encoding: 'json',
    loss: 'cut',
    losses: 1,
    anew: false,
  },
}

describe.each(Object.entries(exporters))(
  '%s, gzip, first answers lost',
  (_, { program: [command, script], encoding, loss, losses, anew, ...rest }) => {
    const { signals = ['logs', 'traces', 'metrics'] } = rest
    let server: Server
    let proxy: LossyProxy
    let sent: Record<string, unknown>[]
    let readings: Reading[]

    beforeAll(async () => {
      server = await startServer()
      proxy = await startProxy(server.url, ({ path }, passed) =>
        passed.filter((other) => other.path === path).length <= losses ? loss : undefined,
      )
      const args = [here(`test/interop/senders/${script}`), proxy.url, encoding, 'gzip', ...signals]
      const printed = await run(command, args)
      sent = printed
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).request)
      readings = await duckdb(server.folder, await server.files())
    })
    afterAll(async () => {
      await proxy.stop()
      await server.stop()
      await rm(server.folder, { recursive: true })
    })

    /** The attempts at the first request of a path. */
    const attempts = (path: string) =>
      proxy.passed.filter((one) => one.path === path).slice(0, losses + 1)

    it.each(signals)('%s: one request came several times, seconds apart', (signal) => {
      const tries = attempts(`/v1/${signal}`)
      expect(tries.map(({ status }) => status)).toEqual(Array(losses + 1).fill(200))
      const unpacked = tries.map(({ body }) => gunzipSync(body).toString('base64'))
      expect(new Set(unpacked).size).toBe(1)
      expect(new Set(tries.map(({ body }) => body.toString('base64'))).size > 1).toBe(anew)
      const [first = Number.NaN, last = Number.NaN] = [tries[0]?.at, tries.at(-1)?.at]
      expect(last - first).toBeGreaterThan(500 * losses)
    })

    it('every record stands once', () => {
      expect(foundRows(readings)).toEqual(wantedRows(sent))
      expect(requestIds(readings)).toHaveLength(sent.length)
    })

    it('what was there already is counted', async () => {
      const figures = await (await fetch(`${server.url}/metrics`)).text()
      const counts = figures.matchAll(/^otlp2parquet_duplicates\S*\{.*\} (\d+)$/gm)
      const skipped = [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
      // One file at least for each signal.
      expect(skipped).toBeGreaterThanOrEqual(losses * signals.length)
      expect(skipped % losses).toBe(0)
    })
  },
)
