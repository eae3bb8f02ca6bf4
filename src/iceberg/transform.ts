/** Partition transforms (Iceberg table specification, "Partition Transforms"). */
import { singleValueBytes } from './bounds.ts'
import { endOfCodePoints } from './code-points.ts'
import { murmur3 } from './murmur3.ts'
import type { IcebergType } from './table-metadata.ts'

/**
 * A value of a column: `int` and `date` (days) as numbers, `long` and times (microseconds) as bigints, decimals unscaled as
 * bigints, strings as their UTF-8 bytes, `uuid`, `fixed` and `binary` as bytes.
 */
export type SourceValue = boolean | number | bigint | Uint8Array

/** What a transform makes of it: as before, but strings are strings. */
export type TransformedValue = boolean | number | bigint | string | Uint8Array

export interface Transform {
  /** The type of its results; null when it is not for columns of this type. */
  readonly resultType: (source: IcebergType) => string | null
  /** Of a value that is there: null stays null. Null too where the transform makes nothing of anything (`void`). */
  readonly apply: (value: SourceValue, source: string) => TransformedValue | null
}

/** The transform that a spec names; null when this program does not know it. */
export const parseTransform = (text: string): Transform | null => {
  const [, name = '', digits] = /^(\w+)(?:\[(\d+)\])?$/.exec(text) ?? []
  if (digits !== undefined) {
    const parameter = Number(digits)
    if (parameter < 1 || parameter > 0x7fffffff) return null
    if (name === 'bucket') return bucket(parameter)
    return name === 'truncate' ? truncate(parameter) : null
  }
  if (isHourTransform(name)) return calendar(name)
  if (name === 'void') return nothing
  return name === 'identity' ? identity : null
}

const hourUnits = ['hour', 'day', 'month', 'year'] as const

/** A transform of a time that is the same for all times of an hour. */
export type HourTransform = (typeof hourUnits)[number]

/** Whether it is one of those. */
export const isHourTransform = (transform: string): transform is HourTransform =>
  (hourUnits as readonly string[]).includes(transform)

/** Hours, days, months or years since 1970 of an hour since 1970. */
export const transformHour = (transform: HourTransform, hour: number): number => {
  if (transform === 'hour') return hour
  if (transform === 'day') return Math.floor(hour / 24)
  const date = new Date(hour * 3_600_000)
  const years = date.getUTCFullYear() - 1970
  return transform === 'year' ? years : 12 * years + date.getUTCMonth()
}

const nothing: Transform = {
  resultType: (source) => (typeof source === 'string' ? source : 'int'),
  apply: () => null,
}

const identity: Transform = {
  resultType: (source) => (typeof source === 'string' ? source : null),
  apply: (value, source) => (source === 'string' ? text(value as Uint8Array) : value),
}

const text = (bytes: Uint8Array): string => decoder.decode(bytes)

/** A byte order mark is a character like others. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const isTimestamp = (source: IcebergType): boolean =>
  source === 'timestamp' || source === 'timestamptz'

const calendar = (name: HourTransform): Transform => ({
  resultType(source) {
    if (!isTimestamp(source) && (source !== 'date' || name === 'hour')) return null
    return name === 'day' ? 'date' : 'int'
  },
  apply: (value, source) =>
    transformHour(name, source === 'date' ? 24 * Number(value) : hourOf(BigInt(value as bigint))),
})

const microsecondsPerHour = 3_600_000_000n

/** The hour since 1970 of microseconds, earlier ones too: the division rounds down, not towards 0. */
const hourOf = (microseconds: bigint): number => {
  const hour = microseconds / microsecondsPerHour
  return Number(microseconds < hour * microsecondsPerHour ? hour - 1n : hour)
}

/** Types that are hashed as a `long` ("32-bit Hash Requirements"): an int that was promoted keeps its bucket. */
const hashedAsLong = /^(int|long|date|time|timestamp|timestamptz)$/

const hashed = /^(int|long|date|time|timestamp|timestamptz|string|uuid|binary|fixed.*|decimal.*)$/

const truncated = /^(int|long|string|binary|decimal.*)$/

const bucket = (buckets: number): Transform => ({
  resultType: (source) => (isOneOf(source, hashed) ? 'int' : null),
  apply: (value, source) => (murmur3(hashedBytes(value, source)) & 0x7fffffff) % buckets,
})

const isOneOf = (source: IcebergType, types: RegExp): source is string =>
  typeof source === 'string' && types.test(source)

const hashedBytes = (value: SourceValue, source: string): Uint8Array => {
  if (value instanceof Uint8Array) return value
  const bytes = singleValueBytes(hashedAsLong.test(source) ? 'long' : source, value)
  if (bytes === null) throw new Error(`cannot hash ${value} as ${source}`)
  return bytes
}

const truncate = (width: number): Transform => ({
  resultType: (source) => (isOneOf(source, truncated) ? source : null),
  apply(value, source) {
    if (value instanceof Uint8Array) {
      return source === 'string'
        ? text(value.subarray(0, endOfCodePoints(value, width)))
        : value.subarray(0, width)
    }
    // As Java has it, what lies below the least integer wraps around.
    if (source === 'int') return (Number(value) - remainder(Number(value), width)) | 0
    const wide = BigInt(value)
    const cut = wide - wideRemainder(wide, BigInt(width))
    return source === 'long' ? BigInt.asIntN(64, cut) : cut
  },
})

/** Never negative ("Truncate Transform Details"). */
const remainder = (value: number, width: number): number => ((value % width) + width) % width

const wideRemainder = (value: bigint, width: bigint): bigint => ((value % width) + width) % width
