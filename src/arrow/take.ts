import { freeLarge } from '../bytes.ts'
import type { RecordBatch } from './record-batch.ts'
import type {
  BoolVector,
  DictionaryVector,
  ListVector,
  Utf8Vector,
  Validity,
  Vector,
} from './vector.ts'

/**
 * Gathers rows: row `i` of the result is row `rows[i]` of `batch`. Columns that share a buffer of
 * indices, offsets or validity go on sharing it, and a dictionary keeps only the entries that the
 * rows use. The cost follows the rows taken, not the batch: a thousand small takes are no more
 * work than one large one. Every index must lie inside the batch, a null value's dictionary index
 * inside its dictionary, and the bytes taken of one column below 2^31.
 */
export const take = (batch: RecordBatch, rows: Int32Array): RecordBatch => {
  const taking = startTaking(rows)
  const columns = batch.columns.map((column) => takeColumn(column, taking))
  freeElements(taking)
  return { fields: batch.fields, columns, numRows: rows.length }
}

/** Gathers the values of one column: value `i` of the result is value `rows[i]` of `vector`. */
export const takeVector = (vector: Vector, rows: Int32Array): Vector => {
  const taking = startTaking(rows)
  const taken = takeColumn(vector, taking)
  freeElements(taking)
  return taken
}

/** The rows, and what was gathered for them already, under the buffer it came from. */
interface Taking {
  readonly rows: Int32Array
  readonly validities: Map<Uint8Array, Validity>
  readonly indices: Map<Int32Array, TakenIndices>
  readonly lists: Map<Int32Array, TakenLists>
}

interface TakenIndices {
  /** Into the dictionary as it was. */
  readonly indices: Int32Array
  /** The dictionary's entries in use, in the order of their first use. */
  readonly entries: Int32Array
  /** Into a dictionary of `entries` alone. */
  readonly compacted: Int32Array
}

interface TakenLists {
  readonly offsets: Int32Array
  /** The lists' elements: one after another, as rows of the child vector. */
  readonly elements: Taking
}

const startTaking = (rows: Int32Array): Taking => ({
  rows,
  validities: new Map(),
  indices: new Map(),
  lists: new Map(),
})

/** Gives back the row numbers of the lists' elements: there may be many for each row. */
const freeElements = ({ lists }: Taking): void => {
  for (const { elements } of lists.values()) {
    freeElements(elements)
    freeLarge(elements.rows.buffer)
  }
}

const takeColumn = (vector: Vector, taking: Taking): Vector => {
  const { rows } = taking
  const base = { length: rows.length, validity: takeValidity(vector.validity, taking) }
  switch (vector.kind) {
    case 'int32':
      return { ...base, kind: 'int32', values: takeInt32(vector.values, rows) }
    case 'int64':
      return { ...base, kind: 'int64', halves: takeHalves(vector.halves, rows) }
    case 'float64':
      return { ...base, kind: 'float64', values: takeFloat64(vector.values, rows) }
    case 'bool':
      return { ...base, kind: 'bool', bits: takeBits(vector.bits, rows) } satisfies BoolVector
    case 'utf8':
      return { ...base, kind: 'utf8', ...takeUtf8(vector, rows) } satisfies Utf8Vector
    case 'dictionary':
      return { ...base, kind: 'dictionary', ...takeDictionary(vector, taking) }
    case 'list':
      return { ...base, kind: 'list', ...takeList(vector, taking) }
  }
}

const takeInt32 = (values: Int32Array, rows: Int32Array): Int32Array => {
  const taken = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) taken[i] = values[rows[i] as number] as number
  return taken
}

const takeHalves = (halves: Int32Array, rows: Int32Array): Int32Array<ArrayBuffer> => {
  const taken = new Int32Array(2 * rows.length)
  for (let i = 0, at = 0; i < rows.length; i++) {
    const from = 2 * (rows[i] as number)
    taken[at++] = halves[from] as number
    taken[at++] = halves[from + 1] as number
  }
  return taken
}

/** By halves: moving a NaN as a double may change its bits. */
const takeFloat64 = (values: Float64Array, rows: Int32Array): Float64Array => {
  const halves = new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
  return new Float64Array(takeHalves(halves, rows).buffer)
}

const takeBits = (bits: Uint8Array, rows: Int32Array): Uint8Array => {
  const taken = new Uint8Array((rows.length + 7) >> 3)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number
    const bit = ((bits[row >> 3] as number) >> (row & 7)) & 1
    taken[i >> 3] = (taken[i >> 3] as number) | (bit << (i & 7))
  }
  return taken
}

/** The gathered bitmap, or null when it turns out that no value is missing. */
const takeValidity = (validity: Validity, { rows, validities }: Taking): Validity => {
  if (validity === null) return null
  const known = validities.get(validity)
  if (known !== undefined) return known
  const bits = takeBits(validity, rows)
  const taken = allSet(bits, rows.length) ? null : bits
  validities.set(validity, taken)
  return taken
}

const allSet = (bits: Uint8Array, length: number): boolean => {
  const whole = length >> 3
  for (let i = 0; i < whole; i++) if (bits[i] !== 0xff) return false
  return (length & 7) === 0 || bits[whole] === (1 << (length & 7)) - 1
}

/** Below this many bytes a loop is faster than a call of `set`. */
const shortCopy = 48

const takeUtf8 = (
  { offsets, data }: Utf8Vector,
  rows: Int32Array,
): Pick<Utf8Vector, 'offsets' | 'data'> => {
  const taken = takeOffsets(offsets, rows)
  const bytes = new Uint8Array(taken[rows.length] as number)
  for (let i = 0, at = 0; i < rows.length; ) {
    const from = offsets[rows[i] as number] as number
    let to = offsets[(rows[i++] as number) + 1] as number
    // What lies side by side (a run of rows) is copied in one go.
    while (i < rows.length && offsets[rows[i] as number] === to) {
      to = offsets[(rows[i++] as number) + 1] as number
    }
    if (to - from < shortCopy) {
      for (let k = from; k < to; k++) bytes[at++] = data[k] as number
    } else {
      bytes.set(data.subarray(from, to), at)
      at += to - from
    }
  }
  return { offsets: taken, data: bytes }
}

const takeOffsets = (offsets: Int32Array, rows: Int32Array): Int32Array => {
  const taken = new Int32Array(rows.length + 1)
  for (let i = 0, end = 0; i < rows.length; i++) {
    const row = rows[i] as number
    end += (offsets[row + 1] as number) - (offsets[row] as number)
    taken[i + 1] = end
  }
  return taken
}

const takeDictionary = (
  { indices, dictionary }: DictionaryVector,
  taking: Taking,
): Pick<DictionaryVector, 'indices' | 'dictionary'> => {
  let taken = taking.indices.get(indices)
  if (taken === undefined) {
    taken = takeIndices(indices, taking.rows)
    taking.indices.set(indices, taken)
  }
  // Without entries (all values are null) there is nothing to leave out.
  if (taken.entries.length >= dictionary.length) return { indices: taken.indices, dictionary }
  return {
    indices: taken.compacted,
    dictionary: takeVector(dictionary, taken.entries) as Utf8Vector,
  }
}

const takeIndices = (indices: Int32Array, rows: Int32Array): TakenIndices => {
  const taken = takeInt32(indices, rows)
  const compacted = new Int32Array(rows.length)
  const entries = new Int32Array(rows.length)
  const places = placesFor(taken)
  let used = 0
  for (let i = 0; i < taken.length; i++) {
    const entry = taken[i] as number
    let place = places.get(entry)
    if (place === undefined) {
      place = used++
      places.set(entry, place)
      entries[place] = entry
    }
    compacted[i] = place
  }
  const inUse = entries.slice(0, used)
  freeLarge(entries.buffer)
  places.free()
  return { indices: taken, entries: inUse, compacted }
}

/** Entry → its place among the entries in use: an array, or a map where an array would be mostly empty. */
interface Places {
  get(entry: number): number | undefined
  set(entry: number, place: number): unknown
  /** Gives their memory back. */
  free(): void
}

const placesFor = (indices: Int32Array): Places => {
  let highest = 0
  for (let i = 0; i < indices.length; i++) {
    if ((indices[i] as number) > highest) highest = indices[i] as number
  }
  if (highest >= 4 * indices.length) {
    const places = new Map<number, number>()
    return {
      get: (entry) => places.get(entry),
      set: (entry, place) => places.set(entry, place),
      free() {},
    }
  }
  // Places count from 1 here: 0 is an array's "not there yet".
  const places = new Int32Array(highest + 1)
  return {
    get: (entry) => ((places[entry] as number) === 0 ? undefined : (places[entry] as number) - 1),
    set: (entry, place) => {
      places[entry] = place + 1
    },
    free: () => freeLarge(places.buffer),
  }
}

const takeList = (
  { offsets, values }: ListVector,
  taking: Taking,
): Pick<ListVector, 'offsets' | 'values'> => {
  let taken = taking.lists.get(offsets)
  if (taken === undefined) {
    taken = takeLists(offsets, taking.rows)
    taking.lists.set(offsets, taken)
  }
  return { offsets: taken.offsets, values: takeColumn(values, taken.elements) }
}

const takeLists = (offsets: Int32Array, rows: Int32Array): TakenLists => {
  const taken = takeOffsets(offsets, rows)
  const elements = new Int32Array(taken[rows.length] as number)
  for (let i = 0, at = 0; i < rows.length; i++) {
    const row = rows[i] as number
    const end = offsets[row + 1] as number
    for (let k = offsets[row] as number; k < end; k++) elements[at++] = k
  }
  return { offsets: taken, elements: startTaking(elements) }
}
