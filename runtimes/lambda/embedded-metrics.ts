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
  /** Whether CloudWatch makes metrics of the lines. Without, they are the same but for `_aws`: filters still find them. */
  readonly embedded?: boolean
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const namespace = 'otlp2parquet'

/** A line for each set of labels; none when nothing was counted. */
export const createEmbeddedMetrics = ({
  write,
  embedded = true,
  now = Date.now,
}: EmbeddedMetricsOptions): EmbeddedMetrics =>
  createLoggedMetrics((groups) => {
    for (const group of groups) {
      write(
        JSON.stringify({ ...(embedded && { _aws: directive(group, now()) }), ...values(group) }),
      )
    }
  })

const values = ({ labels, sums, seconds }: MetricGroup) => ({
  ...labels,
  ...Object.fromEntries(sums),
  ...Object.fromEntries(seconds),
})

/** What makes metrics of a line's values. */
const directive = ({ labels, sums, seconds }: MetricGroup, timestamp: number) => ({
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
})

const unitOf = (name: string): string =>
  name.endsWith('_bytes') ? 'Bytes' : name.endsWith('_seconds') ? 'Seconds' : 'Count'
