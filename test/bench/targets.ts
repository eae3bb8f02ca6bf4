/** What was expected of some figures, and what came of it. It is said, and nothing depends on it. */
import type { ColdStart } from './cold-start.ts'
import { cpuPerRecord, type Line } from './table.ts'

interface Target {
  readonly says: string
  readonly matches: (line: Line) => boolean
  readonly value: (line: Line) => number | undefined
  readonly unit: string
  readonly most?: number
  readonly least?: number
}

const cpu = ({ ours }: Line) => cpuPerRecord(ours)

/** A line of 10,000 logs. */
const large =
  (stage: RegExp, payload: string, concurrency = 1) =>
  (line: Line): boolean =>
    line.records === 10_000 &&
    line.payload === payload &&
    line.concurrency === concurrency &&
    stage.test(line.stage)

const overHttp = large(/over HTTP/, 'logs protobuf')

const targets: readonly Target[] = [
  {
    says: 'decode, protobuf',
    matches: large(/^decode/, 'logs protobuf'),
    value: cpu,
    unit: 'µs',
    most: 2,
  },
  { says: 'decode, JSON', matches: large(/^decode/, 'logs json'), value: cpu, unit: 'µs', most: 3 },
  { says: 'whole way over HTTP', matches: overHttp, value: cpu, unit: 'µs', most: 6 },
  {
    says: 'naive way / ours, over HTTP',
    matches: overHttp,
    value: ({ ours, naive }) => naive && cpuPerRecord(naive) / cpuPerRecord(ours),
    unit: 'times',
    least: 3,
  },
  {
    says: 'peak memory at concurrency 8',
    matches: large(/over HTTP/, 'logs protobuf', 8),
    value: ({ ours }) => ours.peakMemory && ours.peakMemory / 1e6,
    unit: 'MB',
    most: 250,
  },
]

/** How many times as long as a bare server's the start of either program may take at the most. */
const mostStartRatio = 2

/** A sentence for each target that was measured: of 10,000 log records of 442 bytes, and of starts. */
export const comparisons = (lines: readonly Line[], starts: readonly ColdStart[]): string[] => [
  ...targets.flatMap(({ says, matches, value, unit, most, least }) => {
    const line = lines.find(matches)
    const figure = line && value(line)
    return figure === undefined ? [] : [comparison(says, figure, unit, { most, least })]
  }),
  ...starts.map(({ name, ratio }) =>
    comparison(`start ${name} / bare server's`, ratio, 'times', { most: mostStartRatio }),
  ),
]

/** How many times as long as an empty function's a cold start on Lambda may take at the most, to its first 200. */
const mostColdRatio = 4

/** A sentence for each way to start on Lambda. */
export const coldComparisons = (starts: readonly Pick<ColdStart, 'name' | 'ratio'>[]): string[] =>
  starts.map(({ name, ratio }) =>
    comparison(`cold start, ${name} / empty function's`, ratio, 'times', { most: mostColdRatio }),
  )

const comparison = (
  says: string,
  figure: number,
  unit: string,
  { most, least }: { most?: number | undefined; least?: number | undefined },
): string => {
  const wanted = most === undefined ? `at least ${least}` : `at most ${most}`
  const met = figure <= (most ?? Number.POSITIVE_INFINITY) && figure >= (least ?? 0)
  return `${says}: ${figure.toFixed(2)} ${unit}, expected ${wanted}${met ? '' : ': MISSED'}`
}
