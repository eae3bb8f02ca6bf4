import { rankStrings } from '../arrow/rank.ts'
import { columnOf, type RecordBatch } from '../arrow/record-batch.ts'
import { type Int64Vector, isValid, type Vector } from '../arrow/vector.ts'
import { freeLarge } from '../bytes.ts'
import { split } from './split.ts'
import { earliest, hoursOf, timelessRows } from './times.ts'

/** The rows of one plain Parquet file: one service, one hour. */
export interface Group {
  /** The service's name in UTF-8; null where no resource named one. */
  readonly service: Uint8Array | null
  /** Hours since 1970 of `Timestamp`, in UTC. */
  readonly hour: number
  /**
   * The sender gave these records no time: their `Timestamp` is their arrival. They are a group of
   * their own, so that a resend, which arrives later, finds the file that it wrote the first time.
   */
  readonly timeless: boolean
  /** The smallest event time in microseconds since 1970; 0 where there is none. */
  readonly timestamp: bigint
  /** How many rows. */
  readonly count: number
  /** The rows, ascending; null for all rows of the batch. */
  readonly rows: Int32Array | null
}

/** Splits a batch by service and hour. Groups stand in the order of their first rows. */
export const groupRows = (batch: RecordBatch): Group[] => {
  if (batch.numRows === 0) return []
  const times = columnOf(batch, 'Timestamp') as Int64Vector
  const services = columnOf(batch, 'ServiceName')
  const hours = hoursOf(times, batch.numRows)
  const timeless = timelessRows(batch)
  const keys = keysOf(serviceRanks(services, batch.numRows), timeless, hours)
  const groups = split(keys).map((rows) => {
    const first = rows === null ? 0 : (rows[0] as number)
    const count = rows === null ? batch.numRows : rows.length
    const unset = timeless[first] === 1
    return {
      service: stringAt(services, first),
      hour: hours[first] as number,
      timeless: unset,
      timestamp: unset ? 0n : earliest(times, rows, count),
      count,
      rows,
    }
  })
  for (const { buffer } of [hours, keys]) freeLarge(buffer)
  return groups
}

/**
 * The limit on files: of more than `maxFiles` groups (of all tables of a request) the largest
 * stay, of equal ones those that come first. Returns them in the order given, and how many
 * records the others hold.
 */
export const limitGroups = <G extends { readonly count: number }>(
  groups: readonly G[],
  maxFiles: number,
): { kept: readonly G[]; rejected: number } => {
  if (groups.length <= maxFiles) return { kept: groups, rejected: 0 }
  const bySize = groups.toSorted((a, b) => b.count - a.count)
  const kept = new Set(bySize.slice(0, maxFiles))
  const rejected = bySize.slice(maxFiles).reduce((sum, { count }) => sum + count, 0)
  return { kept: groups.filter((group) => kept.has(group)), rejected }
}

/** For each row its service's rank among the batch's services, 0 for null. */
const serviceRanks = (services: Vector, count: number): Int32Array => {
  if (services.kind === 'utf8') return rankStrings(services).ranks
  if (services.kind !== 'dictionary') throw new Error(`service names of kind ${services.kind}`)
  const { validity, indices } = services
  const { ranks } = rankStrings(services.dictionary)
  const ofRows = new Int32Array(count)
  for (let row = 0; row < count; row++) {
    if (isValid(validity, row)) ofRows[row] = ranks[indices[row] as number] as number
  }
  return ofRows
}

/**
 * One number for service, hour and `timeless`. Exact: OTLP's 63 bits of nanoseconds hold 2^22
 * hours, and a request of 2^30 bytes no 2^29 services.
 */
const keysOf = (ranks: Int32Array, timeless: Uint8Array, hours: Float64Array): Float64Array => {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (let row = 0; row < hours.length; row++) {
    const hour = hours[row] as number
    if (hour < first) first = hour
    if (hour > last) last = hour
  }
  const span = last - first + 1
  return hours.map((hour, row) => {
    const service = 2 * (ranks[row] as number) + (timeless[row] as number)
    return service * span + (hour - first)
  })
}

const stringAt = (strings: Vector, row: number): Uint8Array | null => {
  if (!isValid(strings.validity, row)) return null
  if (strings.kind === 'dictionary') {
    return stringAt(strings.dictionary, strings.indices[row] as number)
  }
  if (strings.kind !== 'utf8') return null
  return strings.data.slice(strings.offsets[row], strings.offsets[row + 1])
}
