import { readFile } from 'node:fs/promises'
import { parquetMetadata, parquetReadObjects, parquetSchema, type SchemaTree } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { type Cell, canonicalDouble, type Reader } from '../rows.ts'

const physical: Readonly<Record<string, string>> = {
  INT64: 'long',
  INT32: 'int',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
}

const typeName = ({ element, children }: SchemaTree): string => {
  const item = element.converted_type === 'LIST' ? children[0]?.children[0] : undefined
  if (item !== undefined) return `list<${typeName(item)}>`
  const logical = element.logical_type
  if (logical?.type === 'STRING' || element.converted_type === 'UTF8') return 'string'
  if (logical?.type === 'TIMESTAMP' && logical.isAdjustedToUTC && logical.unit === 'MICROS')
    return 'timestamptz'
  return logical === undefined
    ? (physical[element.type ?? ''] ?? String(element.type))
    : JSON.stringify(logical)
}

const cell = (value: unknown, type: string): Cell => {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean' || typeof value === 'string') return value
  if (Array.isArray(value)) return value.map((item) => cell(item, type))
  if (typeof value === 'number' && type.includes('double')) return canonicalDouble(value)
  return String(value)
}

/** hyparquet's values; microseconds stay integers. */
export const hyparquet: Reader = (folder, files) =>
  Promise.all(
    files.map(async (file) => {
      const bytes = new Uint8Array(await readFile(`${folder}/${file}`))
      const metadata = parquetMetadata(bytes.buffer)
      const columns = parquetSchema(metadata).children
      const types = Object.fromEntries(columns.map((c) => [c.element.name, typeName(c)]))
      const objects = await parquetReadObjects({
        file: bytes.buffer,
        metadata,
        compressors,
        parsers: { timestampFromMicroseconds: (micros) => micros },
      })
      const rows = objects.map((object) =>
        Object.fromEntries(Object.entries(types).map(([name, t]) => [name, cell(object[name], t)])),
      )
      return { file, types, rows }
    }),
  )
