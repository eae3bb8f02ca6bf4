import type { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Log } from '../../src/log.ts'
import type { CounterName, GaugeName, Metrics } from '../../src/metrics.ts'

/** The program's counters in Prometheus' text format, through prom-client. */
export interface Prometheus {
  readonly metrics: Metrics
  /** Everything counted so far, and its content type. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>
  /** Loads prom-client now rather than at the first scrape. */
  load(): Promise<unknown>
}

type Described = readonly [help: string, labels: readonly string[]]

const counters: Readonly<Record<CounterName, Described>> = {
  requests: ['Export requests answered.', ['signal', 'encoding', 'status']],
  records: ['Records stored.', ['signal']],
  rejected_records: ['Records rejected.', ['signal', 'reason']],
  refused_requests: ['Requests refused.', ['signal', 'reason']],
  duplicates: [
    'Files that stood already: a request sent again, or made into files again.',
    ['table'],
  ],
  received_bytes: ['Bytes of bodies, on the wire and inflated.', ['signal', 'stage']],
  files: ['Files written.', ['table']],
  written_bytes: ['Bytes of files written.', ['table']],
  unknown_fields: ['Fields that no version of the protocol known here has.', ['signal']],
  repaired_strings: ['Strings that were no UTF-8.', ['signal']],
  commits: ['Snapshots made.', ['table']],
  commit_retries: ['Attempts to commit that did not succeed.', ['table', 'reason']],
  possible_duplicates: ['Files committed that may have been before.', ['table']],
  receipts: ['Requests whose files wait for the sweep.', ['table']],
  paid_receipts: ['Receipts whose files a sweep brought into their tables.', []],
  expired_snapshots: ['Snapshots removed by retention.', ['table']],
  removed_metadata_files: ['Files of metadata removed by retention.', ['table']],
}

const gauges: Readonly<Record<GaugeName, Described>> = {
  inflight_bytes: ['Bytes of request bodies held now.', []],
  receipts_owed: ['Receipts that the last sweep left.', []],
  oldest_receipt_seconds: ['Age of the oldest receipt that the last sweep left.', []],
  receipts_quarantined: ['Receipts that cannot be paid.', []],
  metadata_bytes: ["Bytes of the table's metadata.", ['table']],
}

type DurationName = Parameters<Metrics['observe']>[0]

const durations: Readonly<Record<DurationName, Described>> = {
  request_duration: ['Seconds from a request to its answer.', ['signal']],
  write_duration: ['Seconds to write a file.', ['table']],
}

/** Seconds: from a small file on a fast disk to the deadline. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const prefix = 'otlp2parquet_'

/** What is counted before prom-client is there; loading it first would double the start's time. */
type Pending = (instruments: Instruments) => void

/** Counts at once; loads prom-client when asked to, or by the first scrape. */
export const createPrometheus = (log: Log): Prometheus => {
  let pending: Pending[] = []
  let loaded: Instruments | undefined
  let loading: Promise<Instruments> | undefined
  // A count that fails is a bug; the request that it counts must not fail for it.
  const attempt = (apply: Pending, instruments: Instruments): void => {
    try {
      apply(instruments)
    } catch (error) {
      log('error', 'a count failed', { error })
    }
  }
  const load = () => {
    loading ??= createInstruments().then((instruments) => {
      for (const apply of pending) attempt(apply, instruments)
      pending = []
      loaded = instruments
      return instruments
    })
    return loading
  }
  const record = (apply: Pending): void => {
    if (loaded) attempt(apply, loaded)
    else pending.push(apply)
    if (pending.length > maxPending) void load()
  }
  return {
    load,
    metrics: {
      count: (name, labels, by = 1) =>
        record(({ counters }) => counters[name].inc(labels as Record<string, string>, by)),
      observe: (name, labels, seconds) =>
        record(({ durations }) =>
          durations[name].observe(labels as Record<string, string>, seconds),
        ),
      gauge: (name, value, labels = {}) =>
        record(({ gauges }) => gauges[name].set(labels as Record<string, string>, value)),
    },
    async scrape() {
      const { registry } = await load()
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}

/** Counts kept before prom-client is loaded for them. */
const maxPending = 1000

interface Instruments {
  readonly registry: Registry
  readonly counters: Readonly<Record<CounterName, Counter>>
  readonly durations: Readonly<Record<DurationName, Histogram>>
  readonly gauges: Readonly<Record<GaugeName, Gauge>>
}

const createInstruments = async (): Promise<Instruments> => {
  const { default: client } = await import('prom-client')
  const registry = new client.Registry()
  const registers = [registry]
  client.collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  const each = <Name extends string, Instrument>(
    described: Readonly<Record<Name, Described>>,
    make: (name: string, help: string, labelNames: string[]) => Instrument,
  ) =>
    Object.fromEntries(
      Object.entries<Described>(described).map(([name, [help, labels]]) => [
        name,
        make(`${prefix}${name}`, help, [...labels]),
      ]),
    ) as Record<Name, Instrument>
  return {
    registry,
    counters: each(
      counters,
      (name, help, labelNames) =>
        new client.Counter({ name: `${name}_total`, help, labelNames, registers }),
    ),
    durations: each(
      durations,
      (name, help, labelNames) =>
        new client.Histogram({ name: `${name}_seconds`, help, labelNames, buckets, registers }),
    ),
    gauges: each(
      gauges,
      (name, help, labelNames) => new client.Gauge({ name, help, labelNames, registers }),
    ),
  }
}
