import type { Labels, Metrics } from '../../src/metrics.ts'

/** Metrics that CloudWatch reads out of log lines ("Embedded metric format", its specification). */
export interface EmbeddedMetrics extends Metrics {
  /** Writes what has been counted since the last call: a line for each set of labels. */
  flush(): void
}

export interface EmbeddedMetricsOptions {
  /** Takes a line without its end. */
  readonly write: (line: string) => void
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const namespace = 'otlp2parquet'

/** The most values that one metric of a line may hold. */
const maxValues = 100

interface Group {
  readonly labels: Labels
  readonly sums: Map<string, number>
  readonly seconds: Map<string, number[]>
}

/** Counts between two flushes, and writes nothing when nothing was counted. */
export const createEmbeddedMetrics = ({
  write,
  now = Date.now,
}: EmbeddedMetricsOptions): EmbeddedMetrics => {
  const groups = new Map<string, Group>()
  const groupOf = (labels: Labels): Group => {
    const key = JSON.stringify(Object.entries(labels).sort())
    const group = groups.get(key) ?? { labels, sums: new Map(), seconds: new Map() }
    groups.set(key, group)
    return group
  }
  return {
    count(name, labels, by = 1) {
      const { sums } = groupOf(labels)
      sums.set(name, (sums.get(name) ?? 0) + by)
    },
    observe(name, labels, seconds) {
      const { seconds: all } = groupOf(labels)
      const values = all.get(name) ?? []
      if (values.length < maxValues) all.set(name, [...values, seconds])
    },
    gauge(name, value, labels = {}) {
      // What is in flight is one request: an environment has no other beside it.
      if (name !== 'inflight_bytes') groupOf(labels).sums.set(name, value)
    },
    flush() {
      for (const group of groups.values()) write(line(group, now()))
      groups.clear()
    },
  }
}

const line = ({ labels, sums, seconds }: Group, timestamp: number): string =>
  JSON.stringify({
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(labels)],
          Metrics: [
            ...[...sums.keys()].map((Name) => ({ Name, Unit: unitOf(Name) })),
            ...[...seconds.keys()].map((Name) => ({ Name, Unit: 'Seconds' })),
          ],
        },
      ],
    },
    ...labels,
    ...Object.fromEntries(sums),
    ...Object.fromEntries(seconds),
  })

const unitOf = (name: string): string =>
  name.endsWith('_bytes') ? 'Bytes' : name.endsWith('_seconds') ? 'Seconds' : 'Count'
