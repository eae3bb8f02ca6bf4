/**
 * One Parquet file from two sources: the column chunks that parquet-wasm wrote, and those of
 * columns that are dictionaries already, which we write ourselves.
 */
import type { Field, RecordBatch } from '../arrow/record-batch.ts'
import { type SortColumn, sortDirection } from '../arrow/sort-column.ts'
import { concatenate, free } from '../bytes.ts'
import {
  type Chunk,
  type DictionaryColumn,
  dictionaryChunk,
  dictionaryColumn,
  schemaElement,
} from './dictionary-chunk.ts'
import { changed, integer, magic, readFooter, structs, writeFooter } from './footer.ts'
import { type Struct, struct } from './thrift.ts'

/** A batch's columns by who writes them: `ours[i]` stands where column `i` is a dictionary of ours. */
export interface Shares {
  readonly ours: readonly (DictionaryColumn | null)[]
  readonly rest: RecordBatch
}

/** Divides the columns. parquet-wasm gets at least one: it says where row groups begin. */
export const divide = (batch: RecordBatch): Shares => {
  const { fields, columns, numRows } = batch
  const ours = columns.map((vector) =>
    vector.kind === 'dictionary' ? dictionaryColumn(vector) : null,
  )
  if (!ours.includes(null)) return { ours: ours.map(() => null), rest: batch }
  const remains = (_: unknown, i: number) => ours[i] === null
  const rest = { fields: remaining(fields, ours), columns: columns.filter(remains), numRows }
  return { ours, rest }
}

/** Lists of fields that remained before: what is made of a list (its schema message) is made once. */
const remainders = new WeakMap<readonly Field[], Map<string, readonly Field[]>>()

const remaining = (fields: readonly Field[], ours: Shares['ours']): readonly Field[] => {
  const known = remainders.get(fields) ?? new Map<string, readonly Field[]>()
  remainders.set(fields, known)
  const shape = ours.map((column) => (column === null ? 'r' : '.')).join('')
  const rest = known.get(shape) ?? fields.filter((_, i) => ours[i] === null)
  known.set(shape, rest)
  return rest
}

/** A file, and its `RowGroup`s as its footer says them. */
export interface AssembledFile {
  readonly bytes: Uint8Array
  readonly rowGroups: readonly Struct[]
}

interface FirstGroup {
  readonly metadata: Struct
  readonly ours: Shares['ours']
}

/**
 * A file under construction, one row group after the other. Left out of what parquet-wasm writes: its copy of the Arrow
 * schema (5 KB, and all it tells readers is what were dictionaries in our memory) and the index of its pages (a chunk is a
 * page or two).
 */
export class FileAssembly {
  readonly #fields: readonly Field[]
  readonly #sorting: readonly Struct[]
  readonly #pieces: Uint8Array[] = [magic]
  readonly #rowGroups: Struct[] = []
  #offset = magic.length
  #rows = 0
  /** The footer and the division of the first row group: its schema is the file's. */
  #first: FirstGroup | undefined

  /** `sortOrder`: the columns that the rows are sorted by. */
  constructor(fields: readonly Field[], sortOrder: readonly SortColumn[]) {
    this.#fields = fields
    this.#sorting = sortingColumns(fields, sortOrder)
  }

  /** Adds a row group of `rows` rows. `file` is what parquet-wasm wrote of the `rest` of them; it is copied from, not kept. */
  add(file: Uint8Array, ours: Shares['ours'], rows: number): void {
    const metadata = readFooter(file)
    this.#first ??= { metadata, ours }
    // None where there are no rows.
    for (const group of structs(metadata, 4)) {
      const chunks = chunksOf(file, group, this.#fields, ours, rows)
      this.#rowGroups.push(rowGroup(chunks, this.#offset, rows, this.#sorting))
      const written = concatenate(chunks.flatMap((chunk) => chunk.pieces))
      this.#pieces.push(written)
      this.#offset += written.length
      this.#rows += rows
    }
  }

  /** The whole file. Nothing is left of its pieces. */
  finish(): AssembledFile {
    const { metadata, ours } = this.#first as FirstGroup
    const fields = this.#fields
    const schema = schemaOf(structs(metadata, 2), fields, ours)
    const orders = fields.map(() => struct({ 1: struct({}) }))
    const footer = { 2: schema, 3: BigInt(this.#rows), 4: this.#rowGroups, 5: undefined, 7: orders }
    this.#pieces.push(writeFooter(changed(metadata, footer)))
    const bytes = concatenate(this.#pieces)
    // All but the first, a constant, were made for this file.
    for (const { buffer } of this.#pieces.splice(1)) free(buffer)
    return { bytes, rowGroups: this.#rowGroups }
  }
}

/** A row group's chunks in the order of the fields. Every field has one leaf. */
const chunksOf = (
  file: Uint8Array,
  group: Struct,
  fields: readonly Field[],
  ours: Shares['ours'],
  rows: number,
): Chunk[] => {
  const theirs = structs(group, 1).values()
  return fields.map((field, i) => {
    const column = ours[i]
    if (column) return dictionaryChunk(field, column, 0, rows)
    return writtenChunk(file, theirs.next().value as Struct)
  })
}

/** A chunk that parquet-wasm wrote. */
const writtenChunk = (file: Uint8Array, chunk: Struct): Chunk => {
  const metadata = chunk.get(3) as Struct
  const data = integer(metadata, 9)
  const start = metadata.has(11) ? integer(metadata, 11) : data
  const size = integer(metadata, 7)
  return {
    pieces: [file.subarray(start, start + size)],
    size,
    // Of a chunk without a dictionary field 11 stays out.
    metadata: (offset) =>
      changed(metadata, { 9: BigInt(data - start + offset), 11: BigInt(offset) }),
  }
}

/** `RowGroup` of chunks that begin at `offset`. */
const rowGroup = (
  chunks: readonly Chunk[],
  offset: number,
  rows: number,
  sorting: readonly Struct[],
): Struct => {
  let [at, uncompressed] = [offset, 0]
  const columns = chunks.map((chunk) => {
    const metadata = chunk.metadata(at)
    uncompressed += integer(metadata, 6)
    at += chunk.size
    return struct({ 2: 0n, 3: metadata })
  })
  return struct({
    1: columns,
    2: BigInt(uncompressed),
    3: BigInt(rows),
    4: sorting.length > 0 ? sorting : undefined,
    5: BigInt(offset),
    6: BigInt(at - offset),
  })
}

/** `SortingColumn`: place of the leaf, descending, nulls first. */
const sortingColumns = (fields: readonly Field[], sortOrder: readonly SortColumn[]): Struct[] =>
  sortOrder.map(sortDirection).map(({ name, descending, nullsFirst }) => {
    const leaf = fields.findIndex((field) => field.name === name)
    return struct({ 1: leaf, 2: descending, 3: nullsFirst })
  })

/** The schema's elements, depth first, with those of our columns put in their places. */
const schemaOf = (
  [root, ...elements]: readonly Struct[],
  fields: readonly Field[],
  ours: Shares['ours'],
): Struct[] => {
  const theirs = elements.values()
  const next = (): Struct[] => {
    const element = theirs.next().value as Struct
    return [element, ...Array.from({ length: integer(element, 5) }, next).flat()]
  }
  const columns = fields.flatMap((field, i) => (ours[i] ? [schemaElement(field)] : next()))
  return [changed(root as Struct, { 5: fields.length }), ...columns]
}
