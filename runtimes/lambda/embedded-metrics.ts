import {
  createLoggedMetrics,
  type LoggedMetrics,
  type MetricGroup,
} from '../shared/metric-groups.ts'

/** Metrics that CloudWatch reads out of log lines ("Embedded metric format", its specification). */
export type EmbeddedMetrics = LoggedMetrics

export interface EmbeddedMetricsOptions {
  /** Takes a line without its end. */
  readonly write: (line: string) => void
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const namespace = 'otlp2parquet'

/** A line for each set of labels; none when nothing was counted. */
export const createEmbeddedMetrics = ({
  write,
  now = Date.now,
}: EmbeddedMetricsOptions): EmbeddedMetrics =>
  createLoggedMetrics((groups) => {
    for (const group of groups) write(line(group, now()))
  })

const line = ({ labels, sums, seconds }: MetricGroup, timestamp: number): string =>
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
