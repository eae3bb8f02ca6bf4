// Data files by their number, described as the program itself describes the file of a request of 100 logs: what a receipt and
// a manifest take of them is as large as in earnest, and the number can be read from the name.
import { compileParquetWasm } from '../../../runtimes/node/wasm.ts'
import type { DataFile } from '../../../src/iceberg/manifest.ts'
import type { EncodedDataFile } from '../../../src/iceberg/new-data-file.ts'
import { currentSchema, type TableMetadata } from '../../../src/iceberg/table-metadata.ts'
import { createEncoder } from '../../../src/parquet/encoder.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import { payloadOf } from '../../bench/payloads.ts'
import { manifestsOf } from '../../faults/model/rows.ts'
import { createMemoryCatalog, memoryFileIO } from '../../iceberg/memory-catalog.ts'
import { createIcebergIngest } from '../../tools/iceberg-ingest.ts'

/** Records in a file. */
export const recordsPerFile = 100

const dayMs = 86_400_000

/** What the program's own way says of the file of a request of so many logs. */
export const describedFile = async (): Promise<DataFile> => {
  const io = memoryFileIO(createMemoryStorage())
  const catalog = createMemoryCatalog({ tables: new Map(), io })
  const encoder = createEncoder({ module: await compileParquetWasm(), version: '0' })
  const ingest = createIcebergIngest(catalog, 'otel', encoder)
  const body = payloadOf('logs', recordsPerFile, 'protobuf').next()
  await ingest({ signal: 'logs', encoding: 'protobuf', body, receivedAt: Date.now() })
  const table = await catalog.load({ namespace: ['otel'], name: 'logs' })
  const [manifest] = table === null ? [] : await manifestsOf(table)
  const [entry] = manifest?.entries ?? []
  if (entry === undefined) throw new Error('a request of logs made no file')
  return entry.data_file
}

/** The file of request `n`, whose rows are of `at`, milliseconds since 1970. */
export type FileOf = (n: number, at: number) => EncodedDataFile

/** Files for a table. `described`: what all have in common but for the values. */
export const numberedFiles = (described: DataFile, metadata: TableMetadata): FileOf => {
  const times = new Set(
    currentSchema(metadata)
      .fields.filter(({ type }) => type === 'timestamptz')
      .map(({ id }) => id),
  )
  return (n, at) => {
    const uuid = uuidOf(n)
    const day = Math.floor(at / dayMs)
    const micros = new Uint8Array(8)
    new DataView(micros.buffer).setBigInt64(0, BigInt(at) * 1000n, true)
    const around = (size: bigint, salt: number): bigint =>
      size - size / 16n + (BigInt(scattered(n, salt)) * (size / 8n)) / 2n ** 32n
    const timed = (bounds: DataFile['lower_bounds']) =>
      bounds?.map(({ key, value }) => ({ key, value: times.has(key) ? micros : value })) ?? null
    const size = around(described.file_size_in_bytes, 1)
    const dataFile: DataFile = {
      ...described,
      file_path: `${metadata.location}/data/${at}000-${uuid}.parquet`,
      partition: { timestamp_day: day },
      file_size_in_bytes: size,
      column_sizes:
        described.column_sizes?.map(({ key, value }) => ({ key, value: around(value, key) })) ??
        null,
      lower_bounds: timed(described.lower_bounds),
      upper_bounds: timed(described.upper_bounds),
    }
    return { uuid, specId: 0, partition: [day], bytes: bodyOf(Number(size)), dataFile }
  }
}

const zeros = new Uint8Array(2 ** 20)

/** Files' bytes are what nobody reads here: of each only how many it has. */
export const bodyOf = (size: number): Uint8Array => zeros.subarray(0, size)

/** 32 hex digits, as scattered as those of a hash. */
export const requestIdOf = (n: number): string => hex(n, 11) + hex(n, 12) + hex(n, 13) + hex(n, 14)

const uuidOf = (n: number): string => {
  const [b, c, d] = [hex(n, 2), hex(n, 3), hex(n, 4)]
  const first = digits(Math.imul(n, factor))
  return `${first}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`
}

/** An odd factor has an inverse among the numbers of 32 bits. */
const factor = 0x9e3779b1
const inverse = (() => {
  let found = factor
  for (let i = 0; i < 5; i++) found = Math.imul(found, 2 - Math.imul(factor, found))
  return found
})()

/** The number of the request whose file, or copy of it, has that path; undefined where it is none. */
export const numberOf = (path: string): number | undefined => {
  const [, first] = /\/data\/\d+-([0-9a-f]{8})-[^/]*\.parquet$/.exec(path) ?? []
  return first === undefined ? undefined : Math.imul(Number.parseInt(first, 16), inverse) >>> 0
}

/** Milliseconds since 1970, when a data file of that path was put. */
export const putAt = (path: string): number =>
  Number(/\/data\/(\d+)000-[^/]*$/.exec(path)?.[1] ?? Number.NaN)

const scattered = (n: number, salt: number): number => {
  let h = Math.imul(n + 1, 0x85ebca6b) ^ Math.imul(salt, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

const digits = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')
const hex = (n: number, salt: number): string => digits(scattered(n, salt))
