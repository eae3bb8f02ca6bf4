/** Columns in Arrow's memory layout (Arrow columnar format, "Physical memory layout"). */

/**
 * A validity bitmap, least significant bit first: bit `i` is 1 where value `i` is there. `null`:
 * no value is missing.
 */
export type Validity = Uint8Array | null

interface Base {
  /** How many values. Buffers may be longer: what lies behind is not read. */
  readonly length: number
  readonly validity: Validity
}

/** 32-bit signed integers. */
export interface Int32Vector extends Base {
  readonly kind: 'int32'
  readonly values: Int32Array
}

/**
 * 64-bit signed integers, each as two 32-bit halves, low half first (Arrow's layout on the
 * little-endian machines that JavaScript runs on): no BigInt is made for a value.
 */
export interface Int64Vector extends Base {
  readonly kind: 'int64'
  /** 2 × length halves. */
  readonly halves: Int32Array
}

/** IEEE 754 doubles. */
export interface Float64Vector extends Base {
  readonly kind: 'float64'
  readonly values: Float64Array
}

/** Booleans, a bit each, least significant first. */
export interface BoolVector extends Base {
  readonly kind: 'bool'
  readonly bits: Uint8Array
}

/** UTF-8 strings: value `i` is `data[offsets[i], offsets[i + 1])`. */
export interface Utf8Vector extends Base {
  readonly kind: 'utf8'
  readonly offsets: Int32Array
  readonly data: Uint8Array
}

/**
 * Strings that repeat: value `i` is `dictionary[indices[i]]`. Entries may be equal to each other
 * and an entry may be null (then the value is).
 */
export interface DictionaryVector extends Base {
  readonly kind: 'dictionary'
  readonly indices: Int32Array
  readonly dictionary: Utf8Vector
}

/** Lists: value `i` is `values[offsets[i], offsets[i + 1])`. */
export interface ListVector extends Base {
  readonly kind: 'list'
  readonly offsets: Int32Array
  readonly values: Vector
}

export type Vector =
  | Int32Vector
  | Int64Vector
  | Float64Vector
  | BoolVector
  | Utf8Vector
  | DictionaryVector
  | ListVector

/** Value `i`, every bit of it. */
export const int64At = (halves: Int64Vector['halves'], i: number): bigint =>
  (BigInt(halves[2 * i + 1] as number) << 32n) | BigInt((halves[2 * i] as number) >>> 0)

/** Whether value `i` is there (a dictionary's null entries aside). */
export const isValid = (validity: Validity, i: number): boolean =>
  validity === null || ((validity[i >> 3] as number) & (1 << (i & 7))) !== 0
