/** The table: a line for each stage and payload, ours beside the naive way. */
import type { Spent } from './measure.ts'

/** What was measured of one way. */
export interface Figures {
  readonly spent: Spent
  /** Records of the round that was the best. */
  readonly records: number
  /** Bytes: the most memory that the server's process held. */
  readonly peakMemory?: number
  /** Bytes of the files for one record. */
  readonly bytesPerRecord?: number
}

/** One line. */
export interface Line {
  readonly stage: string
  /** `logs protobuf`, … */
  readonly payload: string
  /** Records in a request. */
  readonly records: number
  /** Requests at a time. */
  readonly concurrency: number
  readonly ours: Figures
  readonly naive: Figures | undefined
}

/** Microseconds of CPU for a record. */
export const cpuPerRecord = ({ spent, records }: Figures): number => spent.cpu / records

interface Column {
  readonly title: string
  readonly width: number
  readonly text: (line: Line) => string
}

const left = (title: string, width: number, text: (line: Line) => string): Column => ({
  title: title.padEnd(width),
  width,
  text: (line) => text(line).padEnd(width),
})

const right = (
  title: string,
  width: number,
  value: (line: Line) => number | undefined,
  digits = 0,
): Column => ({
  title: title.padStart(width),
  width,
  text: (line) => {
    const number = value(line)
    return (number === undefined ? '-' : number.toFixed(digits)).padStart(width)
  },
})

const ofWay = (name: string, figuresOf: (line: Line) => Figures | undefined): Column[] => {
  const value = (of: (figures: Figures) => number | undefined) => (line: Line) => {
    const figures = figuresOf(line)
    return figures === undefined ? undefined : of(figures)
  }
  const perSecond = ({ records, spent }: Figures) => (records / spent.wall) * 1000
  const megabytes = ({ peakMemory }: Figures) => peakMemory && peakMemory / 1e6
  return [
    right(`${name} µs`, 9, value(cpuPerRecord), 2),
    right('krec/s', 7, value(perSecond)),
    right('MB', 4, value(megabytes)),
    right(
      'B/rec',
      6,
      value(({ bytesPerRecord }) => bytesPerRecord),
      1,
    ),
  ]
}

const ratio = ({ ours, naive }: Line): number | undefined =>
  naive && cpuPerRecord(naive) / cpuPerRecord(ours)

const columns: readonly Column[] = [
  left('stage', 19, ({ stage }) => stage),
  left('payload', 29, ({ payload }) => payload),
  right('records', 7, ({ records }) => records),
  right('at once', 7, ({ concurrency }) => concurrency),
  ...ofWay('ours', ({ ours }) => ours),
  ...ofWay('naive', ({ naive }) => naive),
  right('ratio', 6, ratio, 1),
]

/** What the columns mean. */
export const legend = `µs: CPU, user and system, for one record, the best of several rounds; krec/s: thousands of records a
second on the clock, the disk's fsync included; MB: the most memory the server's process held resident
(over HTTP ours is the bundle, started with npm start's flags of Node);
B/rec: of the files; naive: @bufbuild/protobuf or JSON.parse, apache-arrow Builders, parquet-wasm defaults
(zstd), no sort, no request id; ratio: naive µs / ours.`

/** The line of titles, and a rule below it. */
export const head = (): string =>
  [columns.map(({ title }) => title), columns.map(({ width }) => '-'.repeat(width))]
    .map((cells) => cells.join('  '))
    .join('\n')

/** A line of the table as text. */
export const textOf = (line: Line): string => columns.map(({ text }) => text(line)).join('  ')
