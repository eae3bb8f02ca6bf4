import type { Config } from '../../src/config.ts'

/** What a start prints: where it listens, where it writes, in which mode, and two commands to try. */
export const startMessage = (version: string, url: string, config: Config): string =>
  [
    `otlp2parquet ${version}`,
    `  listens on  ${url} (${authWords[config.auth.kind]})`,
    `  writes to   ${config.storagePath} (plain Parquet, ${config.parquetCompression})`,
    `  send        ${curl(url, config)}`,
    `  query       ${query(config.storagePath)}`,
  ].join('\n')

const authWords = {
  none: 'no credentials asked for',
  bearer: 'bearer token asked for',
  basic: 'user and password asked for',
} as const

/** The time of sending makes each call another request: equal bodies would be one. */
const sample =
  `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"hello"}}]},` +
  `"scopeLogs":[{"logRecords":[{"timeUnixNano":"'$(date +%s)000000000'","severityText":"INFO",` +
  `"body":{"stringValue":"Hello, lake"}}]}]}]}`

const credentials = {
  none: '',
  bearer: ` --oauth2-bearer "$TOKEN"`,
  basic: ' -u user:password',
} as const

const curl = (url: string, { auth, basePath = '', tls }: Config): string => {
  const target = `${url.replace(/\/\/(?:0\.0\.0\.0|\[::\])/, '//localhost')}${basePath}/v1/logs`
  const flags = `-i${tls === undefined ? '' : ' -k'}${credentials[auth.kind]}`
  return `curl ${flags} ${target} -H 'Content-Type: application/json' -d '${sample}'`
}

const query = (path: string): string => {
  const files = `${path.replace(/\/$/, '')}/logs/**/*.parquet`.replaceAll("'", "''")
  return `duckdb -c "${inDoubleQuotes(`SELECT Timestamp, ServiceName, Body FROM '${files}'`)}"`
}

/** What a shell would read between double quotes as something else (POSIX, "Shell Command Language", 2.2.3). */
const inDoubleQuotes = (text: string): string => text.replace(/["$`\\]/g, '\\$&')
