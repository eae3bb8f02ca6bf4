import { awsHost } from '../../src/config/aws-host.ts'
import { variables } from '../../src/config/variables.ts'
import type { Config } from '../../src/config.ts'
import { locationOf, serverOf } from '../shared/location.ts'

/** What a start prints: where it listens, where it writes, in which mode, and two commands to try. */
export const startMessage = (version: string, url: string, config: Config): string =>
  [
    `otlp2parquet ${version}`,
    `  listens on  ${url} (${authWords[config.auth.kind]})`,
    `  writes to   ${destination(config)}`,
    `  send        ${curl(url, config)}`,
    `  query       ${query(config)}`,
  ].join('\n')

/** Where rows go, in one line: for people, and for the log. */
export const destination = (config: Config): string => {
  const { icebergCatalog, icebergRestUri, icebergNamespace, parquetCompression } = config
  const namespace = `namespace ${icebergNamespace}`
  if (icebergRestUri !== undefined) return `${icebergRestUri} (Iceberg REST catalog, ${namespace})`
  if (icebergCatalog === 'file') return `${place(config)} (Iceberg without a service, ${namespace})`
  return `${place(config)} (plain Parquet, ${parquetCompression})`
}

/** The storage, without a slash at its end. */
const place = (config: Config): string => locationOf(config).replace(/(.)\/$/, '$1')

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

const query = (config: Config): string => {
  const { icebergCatalog, icebergRestUri, icebergNamespace, icebergTableLogs } = config
  const table = `${icebergNamespace}.${icebergTableLogs}`
  if (icebergRestUri !== undefined) {
    const warehouse = quoted(config.icebergWarehouse ?? '')
    const catalog = `ATTACH ${warehouse} AS lake (TYPE iceberg, ${endpoint(icebergRestUri, config)})`
    const rows = `SELECT timestamp, servicename, body FROM lake.${table}`
    return duckdb(`INSTALL iceberg; LOAD iceberg; ${catalog}; ${rows}`)
  }
  if (icebergCatalog === 'file') {
    const folder = quoted(`${place(config)}/${table.replace('.', '/')}`)
    const rows = `SELECT timestamp, servicename, body FROM iceberg_scan(${folder})`
    return duckdb(`INSTALL iceberg; LOAD iceberg; ${rows}`, secret(config))
  }
  const files = quoted(`${place(config)}/logs/**/*.parquet`)
  return duckdb(`SELECT Timestamp, ServiceName, Body FROM ${files}`, secret(config))
}

const endpointTypes = { s3tables: 's3_tables', glue: 'glue' } as const

/** Where DuckDB finds a REST catalog; without a secret it would look for a token that nobody asks for. */
const endpoint = (uri: string, config: Config): string => {
  const { icebergToken, icebergCredential, icebergSigningName } = config
  const aws = awsHost(uri)
  if (aws !== undefined) return `ENDPOINT_TYPE ${endpointTypes[aws.service]}`
  const isOpen = [icebergToken, icebergCredential, icebergSigningName].every((set) => !set)
  return `ENDPOINT ${quoted(uri)}${isOpen ? ", AUTHORIZATION_TYPE 'none'" : ''}`
}

/** What DuckDB has to know of a bucket, as it stands between the shell's double quotes. */
const secret = (config: Config): string => {
  if (config.storageBackend === 'fs') return ''
  const { region, endpoint } = serverOf(config)
  const ofRegion = region === undefined ? '' : `, REGION ${quoted(region)}`
  const ofServer = endpoint === undefined ? '' : atServer(new URL(endpoint))
  const server = inDoubleQuotes(`${ofRegion}${ofServer}`)
  return `CREATE SECRET (TYPE s3, ${keys[config.storageBackend]}${server}); `
}

/** The keys of S3 it finds where every AWS tool does; those of R2 the shell puts in, so that they are not printed. */
const keys = {
  s3: 'PROVIDER credential_chain',
  r2: `KEY_ID '$${variables.r2AccessKeyId.name}', SECRET '$${variables.r2SecretAccessKey.name}'`,
} as const

const atServer = ({ host, protocol }: URL): string =>
  `, ENDPOINT ${quoted(host)}, URL_STYLE 'path', USE_SSL ${protocol === 'https:'}`

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const duckdb = (sql: string, secret = ''): string => `duckdb -c "${secret}${inDoubleQuotes(sql)}"`

/** What a shell would read between double quotes as something else (POSIX, "Shell Command Language", 2.2.3). */
const inDoubleQuotes = (text: string): string => text.replace(/["$`\\]/g, '\\$&')
