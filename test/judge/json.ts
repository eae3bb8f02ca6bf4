/** OTLP/JSON text of a request, in its plain spelling or in any other that means the same. */
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { ScalarType } from '@bufbuild/protobuf'
import { isDefault } from './field.ts'
import { interleave, plain, type Random } from './random.ts'
import { type Request, schemas, signalOf } from './request.ts'

/**
 * The OTLP/JSON text of a request: ids in hex, enums as numbers, 64-bit integers as strings. With a
 * `Random` every liberty is taken that the format gives: numbers as numbers, snake_case, any order of
 * keys, nulls and defaults written out, unknown fields, upper-case hex, escapes, white space.
 */
export const toJson = (request: Request, random: Random = plain): string =>
  new Writer(random).message(schemas[signalOf(request)], request)

type Fields = Readonly<Record<string, unknown>>

const hexFields = new Set(['trace_id', 'span_id', 'parent_span_id'])

const unknownValues = [
  'null',
  '1',
  '-0.5e3',
  '"x"',
  '[]',
  '{}',
  '[[{"a":[true,null]}],"]}"]',
  '{"b":{"b":{"c":"\\u0000"}}}',
]

class Writer {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  message(schema: DescMessage, message: object): string {
    const members = schema.fields.flatMap((field) => this.#member(field, message as Fields))
    if (this.#random.oneIn(12)) members.push(`${this.#unknownKey()}:${this.#pick(unknownValues)}`)
    const order = this.#random.oneIn(2)
      ? interleave(
          members.map((m) => [m]),
          this.#random,
        )
      : members
    return this.#wrap('{', order, '}')
  }

  /** A field as `"key":value`, or nothing. */
  #member(field: DescField, message: Fields): string[] {
    const value = held(field, message)
    const text = value === undefined ? this.#absent(field) : this.#value(field, value)
    if (text === undefined) return []
    return [`${this.#space()}"${this.#key(field)}"${this.#space()}:${this.#space()}${text}`]
  }

  #key(field: DescField): string {
    const key = this.#random.oneIn(4) ? field.name : field.jsonName
    return this.#random.oneIn(24) ? escaped(key.slice(0, 1)) + key.slice(1) : key
  }

  #value(field: DescField, value: unknown): string | undefined {
    if (field.fieldKind === 'list') return this.#list(field, value as readonly unknown[])
    if (isDefault(field, value) && !this.#random.oneIn(6)) return undefined
    return this.#single(field, value)
  }

  /** How a field without a value may still be written; a oneof's null could come behind its value. */
  #absent(field: DescField): string | undefined {
    return field.oneof === undefined && this.#random.oneIn(8) ? 'null' : undefined
  }

  #list(field: DescField, items: readonly unknown[]): string | undefined {
    if (items.length > 0)
      return this.#wrap(
        '[',
        items.map((item) => this.#single(field, item)),
        ']',
      )
    if (!this.#random.oneIn(6)) return undefined
    return this.#random.oneIn(2) ? 'null' : '[]'
  }

  #single(field: DescField, value: unknown): string {
    if (field.message !== undefined) return this.message(field.message, value as object)
    if (field.enum !== undefined) {
      const name = field.enum.value[value as number]?.name
      return name !== undefined && this.#random.oneIn(4) ? `"${name}"` : String(value)
    }
    return this.#scalar(field, value)
  }

  #scalar(field: DescField, value: unknown): string {
    switch (field.scalar) {
      case ScalarType.STRING:
        return this.#string(value as string)
      case ScalarType.BOOL:
        return String(value)
      case ScalarType.BYTES:
        return this.#bytes(field, value as Uint8Array)
      case ScalarType.DOUBLE:
        return this.#double(value as number)
      default:
        return this.#integer(value as number | bigint)
    }
  }

  #integer(value: number | bigint): string {
    const quoted = (typeof value === 'bigint') !== this.#random.oneIn(3)
    return quoted ? `"${value}"` : String(value)
  }

  #double(value: number): string {
    if (!Number.isFinite(value)) return `"${value}"`
    if (Object.is(value, -0)) return this.#pick(['-0.0', '-0', '-0e5'])
    if (!this.#random.oneIn(8)) return String(value)
    return value.toExponential().replace('e+', this.#pick(['e+', 'E', 'e', 'e+0']))
  }

  #bytes(field: DescField, value: Uint8Array): string {
    if (hexFields.has(field.name)) {
      const hex = Buffer.from(value).toString('hex')
      return `"${this.#random.oneIn(4) ? hex.toUpperCase() : hex}"`
    }
    const url = this.#random.oneIn(4) ? 'base64url' : 'base64'
    const text = Buffer.from(value).toString(url)
    return `"${this.#random.oneIn(4) ? text.replace(/=+$/, '') : text}"`
  }

  #string(value: string): string {
    const text = JSON.stringify(value)
    if (!this.#random.oneIn(3)) return text
    return `"${value
      .split('')
      .map((unit) => this.#unit(unit))
      .join('')}"`
  }

  /** One UTF-16 unit of a string, escaped where it must be or may be. */
  #unit(unit: string): string {
    if (unit === '/' && this.#random.oneIn(2)) return '\\/'
    if (this.#random.oneIn(4) || /[\ud800-\udfff]/.test(unit)) return escaped(unit)
    return JSON.stringify(unit).slice(1, -1)
  }

  #unknownKey(): string {
    return this.#pick(['"zzz"', '"resource_log"', '"Value"', '"__proto__"', '""', '"\\u0061b"'])
  }

  #wrap(open: string, items: readonly string[], close: string): string {
    return `${open}${items.join(`${this.#space()},`)}${this.#space()}${close}`
  }

  #space(): string {
    return this.#random.oneIn(16) ? this.#pick([' ', '\n', '\t', '\r\n  ']) : ''
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)] as T
  }
}

const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A field's value in a message, undefined where it is not set. */
const held = (field: DescField, message: Fields): unknown => {
  if (field.oneof === undefined) return message[field.localName]
  const oneof = message[field.oneof.localName] as { case?: string; value?: unknown }
  return oneof.case === field.localName ? oneof.value : undefined
}
