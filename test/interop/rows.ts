/**
 * Rows in one spelling that every reader, in every language, can say exactly:
 * integers and timestamps (microseconds) as decimal digits, doubles as their shortest digits, strings, booleans,
 * lists, null.
 */
export type Cell = null | string | boolean | readonly Cell[]
export type Row = Readonly<Record<string, Cell>>

/** What a reader found in one file. */
export interface Reading {
  /** Path below the data folder. */
  readonly file: string
  /** The type of each column, in the tables' words (`json` is a string). */
  readonly types: Readonly<Record<string, string>>
  readonly rows: readonly Row[]
}

/** Reads files below a folder, all columns, all rows, in file order. */
export type Reader = (folder: string, files: readonly string[]) => Promise<Reading[]>

/** A double in the readers' spelling; all NaNs are one. */
export const canonicalDouble = (value: number): string =>
  Object.is(value, -0) ? '-0' : String(value)

/** A double from the 16 hex digits of its bits, big-endian. */
export const doubleOfBits = (hex: string): string =>
  canonicalDouble(Buffer.from(hex, 'hex').readDoubleBE())

const number = (value: number, source: string): string =>
  /[.eE]/.test(source) ? `double ${canonicalDouble(value)}` : `int ${source}`

/** JSON text with numbers by type and value, without differences that mean nothing (spaces, escapes, digits). */
export const canonicalJson = (json: string): string =>
  JSON.stringify(JSON.parse(json, exact as (key: string, value: unknown) => unknown))

// TypeScript's library does not know the third argument yet: the literal as it was written.
const exact = (_key: string, value: unknown, context: { source: string }): unknown =>
  typeof value === 'number' ? number(value, context.source) : value

/** The table that a data file belongs to, from its path: `metrics/gauge/…` is `metrics_gauge`. */
export const tableOf = (file: string): string => {
  const [first = '', second = ''] = file.split('/')
  return first === 'metrics' ? `metrics_${second}` : first
}
