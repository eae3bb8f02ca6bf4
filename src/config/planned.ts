import { type PlannedVariable, prefix } from './variable.ts'

const r2 = 'storage on R2'
const iceberg = 'Iceberg'
const receipts = 'committing later'

const planned = (name: string, feature: string): PlannedVariable => ({
  name: `${prefix}${name}`,
  feature,
})

/** Names that will mean something. Ignoring one today would store data where nobody looks for it. */
export const plannedVariables: readonly PlannedVariable[] = [
  planned('R2_BUCKET', r2),
  planned('R2_ACCOUNT_ID', r2),
  planned('R2_ACCESS_KEY_ID', r2),
  planned('R2_SECRET_ACCESS_KEY', r2),
  planned('ICEBERG_REST_URI', iceberg),
  planned('ICEBERG_WAREHOUSE', iceberg),
  planned('ICEBERG_NAMESPACE', iceberg),
  planned('ICEBERG_TOKEN', iceberg),
  planned('ICEBERG_CREDENTIAL', iceberg),
  planned('ICEBERG_OAUTH_URI', iceberg),
  planned('ICEBERG_SIGNING_NAME', iceberg),
  planned('ICEBERG_CATALOG', iceberg),
  planned('ICEBERG_TABLE_LOGS', iceberg),
  planned('ICEBERG_TABLE_TRACES', iceberg),
  planned('ICEBERG_TABLE_METRICS_GAUGE', iceberg),
  planned('ICEBERG_TABLE_METRICS_SUM', iceberg),
  planned('ICEBERG_TABLE_METRICS_HISTOGRAM', iceberg),
  planned('ICEBERG_TABLE_METRICS_EXPONENTIAL_HISTOGRAM', iceberg),
  planned('ICEBERG_TABLE_METRICS_SUMMARY', iceberg),
  planned('ICEBERG_PARTITION', iceberg),
  planned('SNAPSHOT_MAX_AGE_HOURS', iceberg),
  planned('SNAPSHOT_MIN_COUNT', iceberg),
  planned('COMMIT', receipts),
  planned('COMMIT_INTERVAL', receipts),
  planned('STATE_BUCKET', receipts),
  planned('SWEEP_INTERVAL_SECONDS', receipts),
  planned('AUTH_TOKENS_SECRET', 'AWS Lambda'),
]
