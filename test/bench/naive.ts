/**
 * The naive way, to compare with: objects, apache-arrow's Builders, parquet-wasm with its defaults
 * (but zstd, as our files have). It neither sorts its rows nor hashes the body.
 */
import { randomUUID } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import * as arrow from 'apache-arrow'
import * as parquet from 'parquet-wasm'
import type { ColumnType, Table } from '../../src/tables/table.ts'
import { tables } from '../../src/tables/tables.ts'
import { type NaiveRow, type NaiveRows, readObjects } from './naive-objects.ts'
import { naiveRows } from './naive-rows.ts'
import type { Payload } from './payloads.ts'

type Kind = Pick<Payload, 'signal' | 'encoding'>

/** A body's rows as objects. */
export const naiveDecode = (kind: Kind, body: Uint8Array): NaiveRows =>
  naiveRows(kind.signal, readObjects(kind)(body), randomUUID())

/** The rows' Parquet files, one for each table. */
export const naiveEncode = (rows: NaiveRows): Uint8Array[] =>
  tables.flatMap((table) => {
    const ofTable = rows.get(table.name)
    return ofTable === undefined ? [] : [parquetOf(tableOf(table, ofTable))]
  })

/** Writes a file and syncs it. */
export const naiveStore = async (folder: string, bytes: Uint8Array): Promise<void> => {
  const path = join(folder, `${randomUUID()}.parquet`)
  const file = await open(`${path}.tmp`, 'wx')
  await file.writeFile(bytes)
  await file.sync()
  await file.close()
  await rename(`${path}.tmp`, path)
}

/** The whole way. */
export const naiveIngest = async (kind: Kind, body: Uint8Array, folder: string): Promise<void> => {
  for (const file of naiveEncode(naiveDecode(kind, body))) await naiveStore(folder, file)
}

const tableOf = (table: Table, rows: readonly NaiveRow[]): arrow.Table =>
  new arrow.Table(
    Object.fromEntries(
      table.columns.map(({ name, type }) => {
        const builder = arrow.makeBuilder({ type: arrowType(type), nullValues: [null, undefined] })
        for (const row of rows) builder.append(row[name])
        return [name, builder.finish().toVector()]
      }),
    ),
  )

const primitives: Readonly<Record<string, () => arrow.DataType>> = {
  boolean: () => new arrow.Bool(),
  int: () => new arrow.Int32(),
  long: () => new arrow.Int64(),
  double: () => new arrow.Float64(),
  string: () => new arrow.Utf8(),
  json: () => new arrow.Utf8(),
  timestamptz: () => new arrow.TimestampMicrosecond('UTC'),
}

const arrowType = (type: ColumnType): arrow.DataType => {
  const element = /^list<(.*)>$/.exec(type)?.[1]
  if (element === undefined) return primitives[type]?.() ?? new arrow.Null()
  return new arrow.List(new arrow.Field('element', arrowType(element as ColumnType), true))
}

const parquetOf = (table: arrow.Table): Uint8Array => {
  const stream = parquet.Table.fromIPCStream(arrow.tableToIPC(table, 'stream'))
  const properties = new parquet.WriterPropertiesBuilder()
    .setCompression(parquet.Compression.ZSTD)
    .build()
  return parquet.writeParquet(stream, properties)
}
