import type { Labels, Metrics } from '../../src/metrics.ts'

/** What was counted under the same labels. */
export interface MetricGroup {
  readonly labels: Labels
  /** Counters and gauges by their names. */
  readonly sums: ReadonlyMap<string, number>
  /** Durations by their names, in seconds. */
  readonly seconds: ReadonlyMap<string, readonly number[]>
}

/** Metrics that leave as log lines: where nobody comes to collect them, and a process may end at any time. */
export interface LoggedMetrics extends Metrics {
  /** Writes what has been counted since the last call. */
  flush(): void
  /** Counts what this runtime alone knows. */
  tally(name: string, by: number): void
}

/** The most durations that one metric of a line may hold. */
const maxValues = 100

/** Counts between two flushes. `write` gets a group for each set of labels. */
export const createLoggedMetrics = (
  write: (groups: readonly MetricGroup[]) => void,
): LoggedMetrics => {
  const groups = new Map<
    string,
    { labels: Labels; sums: Map<string, number>; seconds: Map<string, number[]> }
  >()
  const groupOf = (labels: Labels) => {
    const key = JSON.stringify(Object.entries(labels).sort())
    const group = groups.get(key) ?? { labels, sums: new Map(), seconds: new Map() }
    groups.set(key, group)
    return group
  }
  const add = (name: string, labels: Labels, by: number): void => {
    const { sums } = groupOf(labels)
    sums.set(name, (sums.get(name) ?? 0) + by)
  }
  return {
    count: (name, labels, by = 1) => add(name, labels, by),
    tally: (name, by) => add(name, {}, by),
    observe(name, labels, seconds) {
      const { seconds: all } = groupOf(labels)
      const values = all.get(name) ?? []
      if (values.length < maxValues) all.set(name, [...values, seconds])
    },
    gauge(name, value, labels = {}) {
      // It changes with each request, and is the same again by the end of it.
      if (name !== 'inflight_bytes') groupOf(labels).sums.set(name, value)
    },
    flush() {
      write([...groups.values()])
      groups.clear()
    },
  }
}
