import {
  createLoggedMetrics,
  type LoggedMetrics,
  type MetricGroup,
} from '../shared/metric-groups.ts'

export interface ConsoleMetricsOptions {
  /** Takes a line without its end. */
  readonly write: (line: string) => void
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Members of a line. */
type Facts = Readonly<Record<string, string | number>>

/**
 * Metrics as lines of JSON, `{"time":…,"message":"metrics","signal":"logs","requests":1,…}`: Workers Logs makes each member a
 * field that can be asked for and summed up. What differs in no label shares a line, since lines are what costs there: a request
 * for one table makes two. Durations are the longest of a line, in seconds.
 */
export const createConsoleMetrics = ({
  write,
  now = Date.now,
}: ConsoleMetricsOptions): LoggedMetrics =>
  createLoggedMetrics((groups) => {
    const about = { time: new Date(now()).toISOString(), level: 'info', message: 'metrics' }
    for (const line of joined(groups.map(factsOf))) write(JSON.stringify({ ...about, ...line }))
  })

const factsOf = ({ labels, sums, seconds }: MetricGroup): Facts => ({
  ...labels,
  ...Object.fromEntries(sums),
  ...Object.fromEntries([...seconds].map(([name, all]) => [`${name}_seconds`, Math.max(...all)])),
})

/** Each joined to the first before it that says nothing else under the same names. */
const joined = (all: readonly Facts[]): Facts[] => {
  const lines: Facts[] = []
  for (const facts of all) {
    const i = lines.findIndex((line) => agree(line, facts))
    if (i < 0) lines.push(facts)
    else lines[i] = { ...lines[i], ...facts }
  }
  return lines
}

const agree = (one: Facts, other: Facts): boolean =>
  Object.entries(other).every(
    ([name, value]) =>
      one[name] === undefined || (typeof value === 'string' && one[name] === value),
  )
