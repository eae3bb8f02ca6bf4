/** What is known of a file's columns once it is written, as plain values: a table's metadata says it to readers. */
import type { Field, Primitive, RecordBatch } from '../arrow/record-batch.ts'
import { type DictionaryVector, isValid, type Validity, type Vector } from '../arrow/vector.ts'
import { integer, structs } from './footer.ts'
import { type LeastAndGreatest, leastAndGreatest, spanOf } from './least-greatest.ts'
import type { Struct } from './thrift.ts'

export type { LeafValue, LeastAndGreatest } from './least-greatest.ts'

export interface FileMetrics {
  /** Rows. */
  readonly recordCount: number
  /** One for each field of the batch, in their order. */
  readonly leaves: readonly LeafMetrics[]
  /** Where row groups begin, ascending, in bytes from the file's start. */
  readonly splitOffsets: readonly number[]
}

/** A leaf: a column, or the elements of a column of lists. */
export interface LeafMetrics {
  /** The field's id; of a list its element's. */
  readonly fieldId: number
  readonly type: Primitive
  /** Bytes in the file: its chunks as they are compressed, page headers included. */
  readonly columnSize: number
  /** Null for the elements of lists: writers disagree about what an empty list counts, and no reader asks. */
  readonly counts: LeafCounts | null
  /** Null where nobody asked for them, and where `leastAndGreatest` says so. */
  readonly bounds: LeastAndGreatest | null
}

export interface LeafCounts {
  /** Rows, those without a value included. */
  readonly values: number
  readonly nulls: number
  /** Of doubles; null for other types. */
  readonly nans: number | null
}

/** What is known of the rows of one row group: of each leaf, in the order of the fields. */
export interface GroupMetrics {
  readonly rows: number
  readonly leaves: readonly Pick<LeafMetrics, 'counts' | 'bounds'>[]
}

/**
 * The metrics of a row group that holds `batch`. Columns whose names are in `bounded`, in upper or lower case, get their
 * least and greatest value too.
 */
export const groupMetrics = (
  { fields, columns, numRows }: RecordBatch,
  bounded: readonly string[],
): GroupMetrics => {
  const names = new Set(bounded.map((name) => name.toLowerCase()))
  return {
    rows: numRows,
    leaves: fields.map(({ name }, i) => {
      const vector = columns[i] as Vector
      return {
        counts: countsOf(vector, numRows),
        bounds: names.has(name.toLowerCase()) ? leastAndGreatest(vector, numRows) : null,
      }
    }),
  }
}

/** The metrics of a file of these row groups. `rowGroups` are those of its footer (parquet.thrift, `RowGroup`). */
export const fileMetrics = (
  fields: readonly Field[],
  groups: readonly GroupMetrics[],
  rowGroups: readonly Struct[],
): FileMetrics => {
  const sizes = columnSizes(rowGroups, fields.length)
  return {
    recordCount: groups.reduce((sum, { rows }) => sum + rows, 0),
    leaves: fields.map((field, i) => {
      const parts = groups.map(({ leaves }) => leaves[i] as GroupMetrics['leaves'][number])
      return {
        ...leafOf(field),
        columnSize: sizes[i] as number,
        counts: parts.map(({ counts }) => counts).reduce(sum),
        bounds: boundsOf(parts),
      }
    }),
    splitOffsets: rowGroups.map((group) => integer(group, 5)),
  }
}

const sum = (a: LeafCounts | null, b: LeafCounts | null): LeafCounts | null =>
  a &&
  b && {
    values: a.values + b.values,
    nulls: a.nulls + b.nulls,
    nans: a.nans === null || b.nans === null ? null : a.nans + b.nans,
  }

/** Null also where one group has values and no bounds: what could mislead there misleads here. */
const boundsOf = (parts: GroupMetrics['leaves']): LeastAndGreatest | null => {
  const filled = parts.filter(({ counts }) => counts === null || counts.nulls < counts.values)
  const all = filled.map(({ bounds }) => bounds)
  return all.length === 0 ? null : all.reduce((a, b) => a && b && spanOf(a, b))
}

const leafOf = ({ id, type }: Field): Pick<LeafMetrics, 'fieldId' | 'type'> =>
  typeof type === 'string' ? { fieldId: id, type } : { fieldId: type.elementId, type: type.list }

/** By place of the leaf: the sums of its chunks' `total_compressed_size`. */
const columnSizes = (rowGroups: readonly Struct[], leaves: number): readonly number[] => {
  const sizes: number[] = Array(leaves).fill(0)
  for (const group of rowGroups) {
    for (const [i, chunk] of structs(group, 1).entries()) {
      sizes[i] = (sizes[i] as number) + integer(chunk.get(3) as Struct, 7)
    }
  }
  return sizes
}

const countsOf = (vector: Vector, rows: number): LeafCounts | null => {
  if (vector.kind === 'list') return null
  return {
    values: rows,
    nulls: nullCount(vector, rows),
    nans: vector.kind === 'float64' ? nanCount(vector.values, vector.validity, rows) : null,
  }
}

const nullCount = (vector: Vector, rows: number): number =>
  vector.kind === 'dictionary' && vector.dictionary.validity !== null
    ? nullEntryCount(vector, rows)
    : unsetBits(vector.validity, rows)

/** Rows without a value where entries of the dictionary may be null too. */
const nullEntryCount = ({ indices, validity, dictionary }: DictionaryVector, rows: number) => {
  let nulls = 0
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row) || !isValid(dictionary.validity, indices[row] as number)) nulls++
  }
  return nulls
}

const unsetBits = (validity: Validity, length: number): number => {
  if (validity === null) return 0
  let set = 0
  const whole = length >> 3
  for (let i = 0; i < whole; i++) set += setBits(validity[i] as number)
  if ((length & 7) > 0) set += setBits((validity[whole] as number) & ((1 << (length & 7)) - 1))
  return length - set
}

/** How many of a byte's bits are set: sums of ever larger groups side by side. */
const setBits = (byte: number): number => {
  const pairs = byte - ((byte >> 1) & 0x55)
  const nibbles = (pairs & 0x33) + ((pairs >> 2) & 0x33)
  return (nibbles + (nibbles >> 4)) & 0x0f
}

const nanCount = (values: Float64Array, validity: Validity, rows: number): number => {
  let nans = 0
  for (let row = 0; row < rows; row++) {
    if (Number.isNaN(values[row]) && isValid(validity, row)) nans++
  }
  return nans
}
