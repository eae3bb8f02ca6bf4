/**
 * A receipt: what it takes to bring the data files of one request into one table later, without reading them. It is what a
 * sender's 200 stands on until then, so a program of any later version has to be able to read it.
 */
import { wordsOf } from '../errors.ts'
import type { TableIdentifier } from '../iceberg/catalog.ts'
import { parseJson, stringifyJson } from '../iceberg/json.ts'
import type { DataFile } from '../iceberg/manifest.ts'
import type { KnownPartition } from '../iceberg/partition-filter.ts'
import { dataFileJson, readDataFile, readValues, valuesJson } from './data-file-json.ts'
import { array, type JsonObject, long, object, text, whole } from './json-members.ts'

/** The files of one request in one table. */
export interface Receipt {
  readonly identifier: TableIdentifier
  /** The fields' ids in the files are those of this table. */
  readonly tableUuid: string
  /** The schema that the files were written with. */
  readonly schemaId: number
  /** 32 hex digits. */
  readonly requestId: string
  /** When the request arrived, in milliseconds since 1970. */
  readonly receivedAt: number
  /** The last sequence number of a look at the table that is known to hold none of the files; 0 when none is. */
  readonly baseSequence: number
  /** The snapshot of that number, by which a table is known whose older state was restored; where it was known. */
  readonly baseSnapshot?: bigint
  readonly files: readonly OwedFile[]
}

/** A data file that stands, and is not in its table yet as far as is known. */
export interface OwedFile {
  /** In its name, and in that of whatever another attempt of the same request wrote. */
  readonly uuid: string
  readonly specId: number
  /** What is the same for every attempt of the request; undefined where its arrival decides. */
  readonly partition: KnownPartition
  readonly dataFile: DataFile
}

/** The version that is written. One that is raised leaves the readers of all earlier ones below. */
export const formatVersion = 1

/** What was found at a receipt's key. `later`: of a version that this program does not know; its own may be still at work. */
export type ReadReceipt =
  | { readonly kind: 'receipt'; readonly receipt: Receipt }
  | { readonly kind: 'later'; readonly version: number }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** A receipt's bytes: JSON. */
export const receiptBytes = (receipt: Receipt): Uint8Array =>
  new TextEncoder().encode(
    stringifyJson({
      'format-version': formatVersion,
      namespace: receipt.identifier.namespace,
      table: receipt.identifier.name,
      'table-uuid': receipt.tableUuid,
      'schema-id': receipt.schemaId,
      'request-id': receipt.requestId,
      'received-at': receipt.receivedAt,
      'base-sequence': receipt.baseSequence,
      ...(receipt.baseSnapshot !== undefined && { 'base-snapshot': receipt.baseSnapshot }),
      files: receipt.files.map(({ uuid, specId, partition, dataFile }) => ({
        uuid,
        'spec-id': specId,
        'known-partition': valuesJson(partition),
        'data-file': dataFileJson(dataFile),
      })),
    }),
  )

/** Reads a receipt of this version or an earlier one. Never throws. */
export const readReceipt = (bytes: Uint8Array): ReadReceipt => {
  try {
    const json = object(parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
    const version = whole(json, 'format-version')
    if (version > formatVersion) return { kind: 'later', version }
    const read = readers[version]
    if (read === undefined) return { kind: 'unreadable', reason: `format version ${version}` }
    return { kind: 'receipt', receipt: read(json) }
  } catch (error) {
    return { kind: 'unreadable', reason: wordsOf(error) }
  }
}

const readVersion1 = (json: JsonObject): Receipt => ({
  identifier: {
    namespace: array(json, 'namespace').map((level) => text({ level }, 'level')),
    name: text(json, 'table'),
  },
  tableUuid: text(json, 'table-uuid'),
  schemaId: whole(json, 'schema-id'),
  requestId: text(json, 'request-id'),
  receivedAt: whole(json, 'received-at'),
  baseSequence: whole(json, 'base-sequence'),
  // Those that were written first have none.
  ...(json['base-snapshot'] !== undefined && { baseSnapshot: long(json, 'base-snapshot') }),
  files: array(json, 'files').map((member) => {
    const file = object(member)
    return {
      uuid: text(file, 'uuid'),
      specId: whole(file, 'spec-id'),
      partition: readValues(array(file, 'known-partition')),
      dataFile: readDataFile(object(file['data-file'])),
    }
  }),
})

const readers: Readonly<Record<number, (json: JsonObject) => Receipt>> = { 1: readVersion1 }
