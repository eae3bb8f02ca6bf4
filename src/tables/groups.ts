import { rankStrings } from '../arrow/rank.ts'
import { columnOf, type RecordBatch } from '../arrow/record-batch.ts'
import { type Int64Vector, isValid, type Vector } from '../arrow/vector.ts'

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
  return split(keys).map((rows) => {
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

/**
 * An hour is 1024 × 3,515,625 µs: without its last ten bits any 64-bit time is exact in a double,
 * and so is the floor of the division.
 */
const hoursOf = ({ halves }: Int64Vector, count: number): Float64Array => {
  const hours = new Float64Array(count)
  for (let row = 0; row < count; row++) {
    const low = (halves[2 * row] as number) >>> 10
    hours[row] = Math.floor(((halves[2 * row + 1] as number) * 2 ** 22 + low) / 3_515_625)
  }
  return hours
}

/** 1 for each record without a time of its own: its time, and a log's observed time, are 0. */
const timelessRows = (batch: RecordBatch): Uint8Array => {
  const times = ['TimeUnixNano', 'ObservedTimeUnixNano']
    .filter((name) => batch.fields.some((field) => field.name === name))
    .map((name) => (columnOf(batch, name) as Int64Vector).halves)
  const timeless = new Uint8Array(batch.numRows).fill(1)
  for (const halves of times) {
    for (let row = 0; row < timeless.length; row++) {
      if (halves[2 * row] !== 0 || halves[2 * row + 1] !== 0) timeless[row] = 0
    }
  }
  return timeless
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

/** The rows of each distinct key, in the order of the keys' first rows; `[null]` for a single key. */
const split = (keys: Float64Array): (Int32Array | null)[] => {
  if (keys.every((key) => key === keys[0])) return [null]
  const groups = new Map<number, number>()
  const groupOf = new Int32Array(keys.length)
  const ends: number[] = []
  for (let row = 0, group = 0; row < keys.length; row++) {
    const key = keys[row] as number
    if (row === 0 || key !== keys[row - 1]) {
      group = groups.get(key) ?? groups.size
      groups.set(key, group)
    }
    groupOf[row] = group
    ends[group] = (ends[group] ?? 0) + 1
  }
  let end = 0
  for (let group = 0; group < ends.length; group++)
    end = ends[group] = end + (ends[group] as number)
  // From the back, so that each group's rows ascend and `ends` turn into starts.
  const rows = new Int32Array(keys.length)
  for (let row = keys.length - 1; row >= 0; row--) {
    const group = groupOf[row] as number
    ends[group] = (ends[group] as number) - 1
    rows[ends[group] as number] = row
  }
  return ends.map((start, group) => rows.subarray(start, ends[group + 1] ?? rows.length))
}

const stringAt = (strings: Vector, row: number): Uint8Array | null => {
  if (!isValid(strings.validity, row)) return null
  if (strings.kind === 'dictionary') {
    return stringAt(strings.dictionary, strings.indices[row] as number)
  }
  if (strings.kind !== 'utf8') return null
  return strings.data.slice(strings.offsets[row], strings.offsets[row + 1])
}

const earliest = ({ halves }: Int64Vector, rows: Int32Array | null, count: number): bigint => {
  let high = Number.POSITIVE_INFINITY
  let low = 0
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : (rows[i] as number)
    const rowHigh = halves[2 * row + 1] as number
    const rowLow = (halves[2 * row] as number) >>> 0
    if (rowHigh < high || (rowHigh === high && rowLow < low)) {
      high = rowHigh
      low = rowLow
    }
  }
  return (BigInt(high) << 32n) | BigInt(low)
}
