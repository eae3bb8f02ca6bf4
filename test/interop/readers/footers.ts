/** Footers as Java's own Parquet library reads them. */
import { quickStart } from '../java.ts'
import { parquetCli, run } from '../programs.ts'
import { type Cell, canonicalDouble } from '../rows.ts'

export interface Chunk {
  /** The column's name; an element's is `<list>.list.element`. */
  readonly path: string
  readonly physical: string
  readonly fieldId: number
  /** Undefined when the footer does not say. */
  readonly nulls: number | undefined
  /** Smallest and largest value: integers and doubles in the readers' spelling, strings as bytes. */
  readonly bounds: readonly [Bound, Bound] | undefined
}

export type Bound = Cell | Buffer

export interface Footer {
  readonly createdBy: string
  /** Field ids by name, lists included. */
  readonly fieldIds: Readonly<Record<string, number>>
  readonly rowGroups: readonly { readonly rows: number; readonly chunks: readonly Chunk[] }[]
}

/** Runs a command of parquet-cli; what it printed. */
export const parquetTool = (...args: string[]): Promise<string> =>
  run('java', [...quickStart, '-cp', parquetCli, 'org.apache.parquet.cli.Main', ...args])

/** A file's footer. */
export const footerOf = async (path: string): Promise<Footer> => {
  const { fileMetaData, blocks } = parse(await parquetTool('footer', path)) as Printed
  return {
    createdBy: fileMetaData.createdBy,
    fieldIds: Object.fromEntries(
      fileMetaData.schema.fields.map(({ name, id }) => [name, Number(id?.id)]),
    ),
    rowGroups: blocks.map(({ rowCount, columns }) => ({
      rows: Number(rowCount),
      chunks: columns.map(chunkOf),
    })),
  }
}

/** What of the tool's JSON is used here. Numbers are kept as their digits. */
interface Printed {
  readonly fileMetaData: {
    readonly createdBy: string
    readonly schema: { readonly fields: readonly { name: string; id: { id: string } | null }[] }
  }
  readonly blocks: readonly { rowCount: string; columns: readonly PrintedChunk[] }[]
}

interface PrintedChunk {
  readonly properties: {
    readonly path: { readonly p: readonly string[] }
    readonly type: { readonly primitive: string; readonly id: { readonly id: string } }
  }
  readonly statistics: {
    readonly hasNonNullValue: boolean
    readonly num_nulls: string
    readonly min?: PrintedBound
    readonly max?: PrintedBound
  }
}

type PrintedBound = string | boolean | { readonly value: string }

// TypeScript's library does not know the third argument yet: the literal as it was written.
const parse = (json: string): unknown =>
  JSON.parse(json, exact as (key: string, value: unknown) => unknown)
const exact = (_key: string, value: unknown, context: { source: string }): unknown =>
  typeof value === 'number' ? context.source : value

const chunkOf = ({ properties: { path, type }, statistics }: PrintedChunk): Chunk => {
  const { min, max, hasNonNullValue } = statistics
  const nulls = Number(statistics.num_nulls)
  const stated = hasNonNullValue && min !== undefined && max !== undefined
  return {
    path: path.p.join('.'),
    physical: type.primitive,
    fieldId: Number(type.id.id),
    nulls: nulls < 0 ? undefined : nulls,
    bounds: stated ? [boundOf(min, type.primitive), boundOf(max, type.primitive)] : undefined,
  }
}

const boundOf = (bound: PrintedBound, physical: string): Bound => {
  if (typeof bound === 'boolean') return bound
  if (typeof bound === 'object') return Buffer.from(bound.value, 'base64')
  return physical === 'DOUBLE' ? canonicalDouble(Number(bound)) : bound
}
