/**
 * JSON whose integers keep every digit. Snapshot ids use 63 bits; as doubles they would name other snapshots (Iceberg table
 * specification, "JSON serialization": `long` is a JSON number).
 */

/** What a JSON text holds. Integers that a double cannot hold exactly are bigints, all other numbers numbers. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

/** What the reviver is told about a scalar (ECMAScript 2026, `JSON.parse`: its source text). */
interface Source {
  readonly source?: string
}

/** The static methods that TypeScript's library does not know yet. */
const lossless = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: Source) => unknown): Json
  rawJSON(text: string): unknown
}

/**
 * Reads a JSON text.
 * @throws SyntaxError when it is none
 */
export const parseJson = (text: string): Json =>
  lossless.parse(text, (_, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && isInteger(source)
      ? BigInt(source)
      : value,
  )

const isInteger = (source: string | undefined): source is string =>
  source !== undefined && /^-?\d+$/.test(source)

/** Writes a JSON text, bigints as numbers. Members that are undefined are left out. */
export const stringifyJson = (value: unknown): string =>
  JSON.stringify(value, (_, member) =>
    typeof member === 'bigint' ? lossless.rawJSON(member.toString()) : member,
  )
