// Protects: nothing of OTLP is lost. Random valid requests over every field of opentelemetry-proto, built by
// @bufbuild/protobuf, go as protobuf and as JSON, plain and in every other spelling, through our decoder into our Parquet,
// come back through hyparquet, and are the request again; protobuf and JSON give byte-identical columns.
//
//   PROPERTY_RUNS=1000000 vitest run --config test/vitest.config.ts test/properties/round-trip.test.ts
//
// tries a million requests instead of 2,000 (some hours); PROPERTY_SEED=<n> repeats a run.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { type Decoded, decode, type Encoding } from '../../src/otlp/decode.ts'
import { createEncoder, type Encoder } from '../../src/parquet/encoder.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { logsRequest, metricsRequest, request, traceRequest } from '../judge/arbitrary.ts'
import { derivedProblems } from '../judge/derived.ts'
import { toJson } from '../judge/json.ts'
import { normalize } from '../judge/normalize.ts'
import { rowsOfParquet } from '../judge/parquet.ts'
import { toProtobufVariant } from '../judge/protobuf.ts'
import { random } from '../judge/random.ts'
import { merged, type Request, signalOf, toProtobuf } from '../judge/request.ts'
import { requestOfRows, type TableRow } from '../judge/rows.ts'
import { createPlainIngest } from '../tools/plain-ingest.ts'
import { difference } from './columns.ts'
import { patience, runs } from './runs.ts'

let encoder: Encoder
beforeAll(async () => {
  encoder = createEncoder({ module: await compileParquetWasm(), version: '0' })
})

const receivedAt = Date.UTC(2026, 10, 25, 9, 30)
const requestId = '0123456789abcdef0123456789abcdef'
const text = new TextEncoder()

const decoded = (sent: Request, encoding: Encoding, body: Uint8Array): Decoded =>
  decode({ signal: signalOf(sent), encoding, body, requestId, receivedAt })

const asProtobuf = (sent: Request, body = toProtobuf(sent)) => decoded(sent, 'protobuf', body)
const asJson = (sent: Request, json = toJson(sent)) => decoded(sent, 'json', text.encode(json))

/** Whatever differs is shown as a difference; comparing like this is far faster than `expect` alone. */
const same = (actual: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected)
}

/** Every row of these files is the request again, and says nothing else in its derived columns. */
const standsFor = (rows: readonly TableRow[], sent: Request): void => {
  same(requestOfRows(signalOf(sent), rows), normalize(sent))
  same(
    rows.flatMap((row) => derivedProblems(row, receivedAt)),
    [],
  )
}

const rowsOf = async (table: string, bytes: Uint8Array): Promise<TableRow[]> =>
  (await rowsOfParquet(bytes)).map((row) => ({ table, row }))

describe('random requests', () => {
  const { numRuns, ...seed } = runs(2000)
  /** Requests that are written to files together: most of a try's time would go into small files. */
  const inOneFile = 8
  const several = fc.oneof(
    ...[logsRequest, traceRequest, metricsRequest].map((request: fc.Arbitrary<Request>) =>
      fc.array(request, { minLength: inOneFile, maxLength: inOneFile }),
    ),
  )

  /** Protobuf and JSON give the same bytes in every buffer, any other spelling the same values. */
  const agrees = (sent: Request, dice: number): void => {
    const protobuf = asProtobuf(sent)
    const { rejected, unknownFields, repairedStrings } = protobuf
    same([rejected.size, unknownFields, repairedStrings], [0, 0, 0])
    expect(difference(asJson(sent), protobuf, 'bytes')).toBeNull()
    const variant =
      dice % 2 === 0
        ? asProtobuf(sent, toProtobufVariant(sent, random(dice)))
        : asJson(sent, toJson(sent, random(dice)))
    expect(difference(variant, protobuf, 'values')).toBeNull()
  }

  it(
    `come back from Parquet as they were sent, in whatever encoding and spelling (${numRuns} tries)`,
    () =>
      fc.assert(
        fc.asyncProperty(several, fc.nat(), async (requests, dice) => {
          for (const [i, sent] of requests.entries()) agrees(sent, dice + i)
          const together = merged(requests)
          const files = asProtobuf(together).batches.map(({ table, batch }) =>
            rowsOf(table.name, encoder.encode(batch).bytes),
          )
          standsFor((await Promise.all(files)).flat(), together)
        }),
        { numRuns: Math.ceil(numRuns / inOneFile), ...seed },
      ),
    patience(numRuns),
  )
})

describe('a random request on its whole way', () => {
  // Each writes several small files: a twentieth of the tries.
  const { numRuns: all, ...seed } = runs(2000)
  const numRuns = Math.ceil(all / 20)

  /** `metrics/gauge/…` holds rows of `metrics_gauge`. */
  const tableOf = (key: string): string => {
    const [folder = '', kind = ''] = key.split('/')
    return folder === 'metrics' ? `${folder}_${kind}` : folder
  }

  it(
    `stands in files of one service and hour, and is whole in them together (${numRuns} tries)`,
    () =>
      fc.assert(
        fc.asyncProperty(request, async (sent) => {
          const storage = createMemoryStorage()
          const { encode } = encoder
          const rest = { maxFiles: 1000, dedupe: true, log: noLog, metrics: noMetrics }
          const ingest = createPlainIngest({ storage, encode, ...rest })
          const body = toProtobuf(sent)
          await ingest({ signal: signalOf(sent), encoding: 'protobuf', body, receivedAt })
          const rows: TableRow[] = []
          for await (const { key } of storage.list('')) {
            const bytes = (await storage.get(key)) ?? new Uint8Array()
            rows.push(...(await rowsOf(tableOf(key), bytes)))
          }
          standsFor(rows, sent)
        }),
        { numRuns, ...seed },
      ),
    patience(numRuns),
  )
})
