/** What the program counts about itself. Each runtime brings an implementation (Prometheus, embedded metrics, console). */

export type Labels = Readonly<Record<string, string>>

export interface Metrics {
  /** Adds to a counter. */
  count(name: CounterName, labels: Labels, by?: number): void
  /** Records a duration in seconds. */
  observe(name: 'request_duration' | 'write_duration', labels: Labels, seconds: number): void
  /** Sets a gauge. */
  gauge(name: GaugeName, value: number, labels?: Labels): void
}

export type CounterName =
  /** requests by `signal`, `encoding`, `status` */
  | 'requests'
  /** requests that were not stored, by `signal`, `reason`: an error's kind */
  | 'refused_requests'
  /** records stored, by `signal` */
  | 'records'
  /** records rejected, by `signal`, `reason` */
  | 'rejected_records'
  /** files that stood already (a resend), by `table` */
  | 'duplicates'
  /** body bytes, by `signal`, `stage`: `wire` or `inflated` */
  | 'received_bytes'
  /** files and their bytes, by `table` */
  | 'files'
  | 'written_bytes'
  /** protobuf or JSON fields nobody knows, and strings repaired to UTF-8, by `signal` */
  | 'unknown_fields'
  | 'repaired_strings'
  /** snapshots made, by `table` */
  | 'commits'
  /** attempts at one that did not succeed, by `table`, `reason`: `conflict`, `throttled` or `unknown` */
  | 'commit_retries'
  /** files committed though the table's history no longer tells whether they were before, by `table` */
  | 'possible_duplicates'
  /** requests whose files wait for the sweep, by `table` */
  | 'receipts'
  /** receipts that a sweep paid: their files are in their tables */
  | 'paid_receipts'
  /** snapshots that a file catalog's retention removed, and the files of metadata, by `table` */
  | 'expired_snapshots'
  | 'removed_metadata_files'

export type GaugeName =
  /** bytes of requests that are being handled */
  | 'inflight_bytes'
  /** what a sweep left: receipts, the oldest one's age, and those that were put aside since they cannot be paid */
  | 'receipts_owed'
  | 'oldest_receipt_seconds'
  | 'receipts_quarantined'
  /** of a table's metadata as it was last loaded, by `table` */
  | 'metadata_bytes'

/** Counts nothing. */
export const noMetrics: Metrics = { count() {}, observe() {}, gauge() {} }
