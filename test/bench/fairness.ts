/** Whether the two ways do the same work: a comparison with a way that forgets something says nothing. */
import { isDeepStrictEqual } from 'node:util'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { decode } from '../../src/otlp/decode.ts'
import { createEncoder } from '../../src/parquet/encoder.ts'
import { tables } from '../../src/tables/tables.ts'
import { rowsOfParquet } from '../judge/parquet.ts'
import type { Row } from '../judge/row.ts'
import { naiveDecode, naiveEncode } from './naive.ts'
import { kinds, type Payload, payloadOf } from './payloads.ts'

const encodings = ['protobuf', 'json'] as const

/**
 * Reads what both ways make of a request of each kind, and compares every value.
 * @throws with the first column in which they differ
 */
export const checkFairness = async (): Promise<void> => {
  const { encode } = createEncoder({ module: await compileParquetWasm(), version: 'bench' })
  for (const kind of kinds) {
    for (const encoding of encodings) {
      const payload = payloadOf(kind, 100, encoding)
      const { signal } = payload
      const body = payload.next()
      const { batches } = decode({ signal, encoding, body, requestId: '', receivedAt: 0 })
      const ours = batches.map(({ batch }) => encode(batch).bytes)
      await compare(payload, ours, naiveEncode(naiveDecode(payload, body)))
    }
  }
}

const compare = async (
  { kind, encoding }: Payload,
  ours: readonly Uint8Array[],
  naive: readonly Uint8Array[],
): Promise<void> => {
  const rows = (await Promise.all(ours.map(rowsOfParquet))).flat()
  const others = (await Promise.all(naive.map(rowsOfParquet))).flat()
  if (rows.length !== others.length || rows.length === 0) throw new Error(`${kind}: other rows`)
  for (const [i, row] of rows.entries()) {
    const other = others[i] as Row
    const wrong = Object.keys(row).find((name) => !same(name, row[name], other[name]))
    if (wrong === undefined) continue
    throw new Error(
      `${kind} ${encoding}: ${wrong} is ${row[wrong]}, the naive way's ${other[wrong]}`,
    )
  }
}

const columnTypes = new Map<string, string>(
  tables.flatMap(({ columns }) => columns.map(({ name, type }) => [name, type] as const)),
)

/** Of the request and its arrival each way has its own; the naive way's times are in milliseconds. */
const same = (name: string, ours: unknown, naive: unknown): boolean => {
  if (name === 'RequestId' || name === 'IngestedAt') return true
  const type = columnTypes.get(name) ?? ''
  const meaning = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(meaning)
    if (type.includes('timestamptz') && typeof value === 'bigint') return value / 1000n
    return type.includes('json') && typeof value === 'string' ? JSON.parse(value) : value
  }
  return isDeepStrictEqual(meaning(ours), meaning(naive))
}
