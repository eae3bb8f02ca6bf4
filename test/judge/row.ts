/** One row as a Parquet reader gives it, and typed access to its columns. */

/**
 * Strings, bigint for long, number for int and double, boolean, lists of those, null. A timestamptz
 * is a bigint of microseconds.
 */
export type Row = Readonly<Record<string, unknown>>

/** How a column's value looks in JavaScript. */
interface Shapes {
  string: string
  long: bigint
  int: number
  double: number
  boolean: boolean
}

const typeofShape = {
  string: 'string',
  long: 'bigint',
  int: 'number',
  double: 'number',
  boolean: 'boolean',
} as const

type Shape = keyof Shapes

const isShape = <S extends Shape>(shape: S, value: unknown): value is Shapes[S] =>
  typeof value === typeofShape[shape] && (shape !== 'int' || Number.isInteger(value))

const wrong = (name: string, value: unknown): Error =>
  new Error(`column ${name} holds ${typeof value} ${String(value)}`)

/** A column's value or null. */
export const optional = <S extends Shape>(row: Row, name: string, shape: S): Shapes[S] | null => {
  const value = row[name]
  if (value === null || isShape(shape, value)) return value as Shapes[S] | null
  throw wrong(name, value)
}

/** A column's value, which must be there. */
export const required = <S extends Shape>(row: Row, name: string, shape: S): Shapes[S] => {
  const value = optional(row, name, shape)
  if (value === null) throw wrong(name, value)
  return value
}

/** A list column's elements, each a value or null; the list must be there. */
export const elements = <S extends Shape>(
  row: Row,
  name: string,
  shape: S,
): (Shapes[S] | null)[] => {
  const values = row[name]
  if (!Array.isArray(values)) throw wrong(name, values)
  for (const value of values) if (value !== null && !isShape(shape, value)) throw wrong(name, value)
  return values
}

/** A list column's elements, none of them null. */
export const list = <S extends Shape>(row: Row, name: string, shape: S): Shapes[S][] => {
  const values = elements(row, name, shape)
  if (values.includes(null)) throw wrong(name, null)
  return values as Shapes[S][]
}

/** Parallel lists as one list of rows: `Events` and `['Name', …]` give rows with `Name`, …. */
export const parallel = (row: Row, prefix: string, names: readonly string[]): Row[] => {
  const lists = names.map((name) => {
    const values = row[prefix + name]
    if (!Array.isArray(values)) throw wrong(prefix + name, values)
    return values
  })
  const lengths = new Set(lists.map((values) => values.length))
  if (lengths.size > 1) throw new Error(`${prefix} lists differ in length: ${[...lengths]}`)
  return Array.from(lists[0] ?? [], (_, i) =>
    Object.fromEntries(names.map((name, k) => [name, lists[k]?.[i]])),
  )
}

/** Bytes from lower-case hex. */
export const unhex = (hex: string): Uint8Array<ArrayBuffer> => {
  if (!/^(?:[0-9a-f]{2})*$/.test(hex)) throw new Error(`not lower-case hex: ${hex}`)
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
