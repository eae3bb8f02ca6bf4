/** Single values of an OTLP/JSON request as the tables hold them. */
import { type Cell, canonicalDouble } from './rows.ts'

export type AnyValue = Readonly<Record<string, unknown>>
export type Attributes = readonly { readonly key: string; readonly value?: AnyValue }[]

export type Message = Readonly<Record<string, unknown>>

export const list = (value: unknown): Message[] => (value ?? []) as Message[]
export const attributesOf = (value: unknown): Attributes => (value ?? []) as Attributes
export const text = (value: unknown): string => (value ?? '') as string
/** An integer column as the readers say it: decimal digits. */
export const integer = (value: unknown): string =>
  BigInt((value ?? 0) as string | number).toString()
/** Microseconds of a time in nanoseconds. */
export const micros = (value: unknown): string => (BigInt(integer(value)) / 1000n).toString()

/** A double column's value; the exporter's word for one that JSON has none for, or null. */
export const double = (value: unknown): Cell =>
  value == null ? null : canonicalDouble(Number(value))

/** A literal that is a double for every reader: with a point or an exponent. */
const doubleText = (value: number): string => {
  if (!Number.isFinite(value)) return JSON.stringify({ doubleValue: String(value) })
  if (Object.is(value, -0)) return '-0.0'
  const digits = String(value)
  return /[.e]/.test(digits) ? digits : `${digits}.0`
}

const typeKeys = ['bytesValue', 'doubleValue', 'kvlistValue']

const kvlistText = (entries: Attributes): string => {
  const [only] = entries
  const inner = jsonText(entries)
  const mistakable = entries.length === 1 && only !== undefined && typeKeys.includes(only.key)
  return mistakable ? `{"kvlistValue":${inner}}` : inner
}

/** The JSON text of one AnyValue. */
export const valueText = (value: AnyValue | null | undefined): string => {
  const [kind, inner] = Object.entries(value ?? {}).find(([, v]) => v != null) ?? []
  switch (kind) {
    case undefined:
      return 'null'
    case 'stringValue':
    case 'boolValue':
      return JSON.stringify(inner)
    case 'intValue':
      return BigInt(inner as string).toString()
    case 'doubleValue':
      return doubleText(Number(inner))
    case 'bytesValue':
      return JSON.stringify({ bytesValue: inner })
    case 'arrayValue':
      return `[${((inner as { values?: AnyValue[] }).values ?? []).map(valueText).join(',')}]`
    case 'kvlistValue':
      return kvlistText((inner as { values?: Attributes }).values ?? [])
    default:
      throw new Error(`no AnyValue: ${kind}`)
  }
}

/** The JSON text of an attribute list. */
export const jsonText = (attributes: Attributes): string =>
  `{${attributes.map(({ key, value }) => `${JSON.stringify(key)}:${valueText(value)}`).join(',')}}`

/** A string as it is, anything else as JSON text, none as null. */
export const stringOf = (value: AnyValue): string | null => {
  const body = valueText(value)
  return typeof value.stringValue === 'string' ? value.stringValue : body === 'null' ? null : body
}
