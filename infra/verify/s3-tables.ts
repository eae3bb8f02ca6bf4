/**
 * For `infra/verify-live.sh` alone: asks S3 Tables what old versions of curl cannot, which sign paths with a `%` otherwise than
 * AWS does. Run by Node as it stands, it prints its answer:
 *
 *   AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… node --experimental-strip-types infra/verify/s3-tables.ts QUESTION ARN NAMESPACE
 */
import { AwsV4Signer } from 'aws4fetch'
import { awsDomains } from '../../src/aws-domains.ts'
import { parseJson, stringifyJson } from '../../src/iceberg/json.ts'
import { type AwsCredentials, sigV4Authorizer } from '../../src/iceberg/rest/sigv4.ts'
import { addColumns } from '../../src/iceberg/schema-update.ts'
import type { TableMetadata } from '../../src/iceberg/table-metadata.ts'

export interface Trial {
  /** The table bucket. */
  readonly arn: string
  /** Of the program's tables, of which `logs` is asked for. */
  readonly namespace: string
  readonly credentials: AwsCredentials
}

/** Milliseconds for one call. */
const timeoutMs = 30_000

const regionOf = ({ arn }: Trial): string => arn.split(':')[3] ?? ''

/** An answer of the Iceberg endpoint, to a request that is signed as the program signs. */
const ask = async (trial: Trial, method: 'GET' | 'POST', path: string, body = '') => {
  const region = regionOf(trial)
  const authorizer = sigV4Authorizer({
    signingName: 's3tables',
    region,
    credentials: async () => trial.credentials,
  })
  const url = `https://s3tables.${region}.${awsDomains(region).plain}/iceberg/v1${path}`
  const headers = body === '' ? {} : { 'content-type': 'application/json' }
  const signed = await authorizer.authorize({ method, url, headers, body })
  const signal = AbortSignal.timeout(timeoutMs)
  const sent = body === '' ? {} : { body }
  const response = await fetch(url, { method, headers: signed.headers, signal, ...sent })
  return { status: response.status, text: await response.text() }
}

const logsOf = ({ arn, namespace }: Trial): string =>
  `/${encodeURIComponent(arn)}/namespaces/${namespace}/tables/logs`

const load = async (trial: Trial): Promise<TableMetadata> => {
  const { status, text } = await ask(trial, 'GET', `${logsOf(trial)}?snapshots=all`)
  if (status !== 200) throw new Error(`the table cannot be loaded: ${status} ${text.slice(0, 300)}`)
  return (parseJson(text) as unknown as { metadata: TableMetadata }).metadata
}

/** By name, what can be asked; each answers with a line. */
export const questions: Readonly<Record<string, (trial: Trial) => Promise<string>>> = {
  /** The catalog's configuration, as it gives it. */
  config: async (trial) => {
    const { status, text } = await ask(
      trial,
      'GET',
      `/config?warehouse=${encodeURIComponent(trial.arn)}`,
    )
    return status === 200 ? text : `${status} ${text}`
  },

  /** The status of a commit on a parent that the table never had; nothing is changed by it. */
  stale: async (trial) => {
    const commit = {
      requirements: [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 1 }],
      updates: [{ action: 'set-properties', updates: { 'otlp2parquet.verify': '1' } }],
    }
    return String((await ask(trial, 'POST', logsOf(trial), JSON.stringify(commit))).status)
  },

  /** Adds a column as the program adds one, and looks whether it is there: `added`, or what came instead. */
  column: async (trial) => {
    const field = { id: 0, name: 'verify', required: false, type: 'string' }
    const commit = stringifyJson(addColumns(await load(trial), [field]))
    const { status, text } = await ask(trial, 'POST', logsOf(trial), commit)
    if (status !== 200) return `${status} ${text.slice(0, 300)}`
    const { schemas, 'current-schema-id': current } = await load(trial)
    const fields = schemas.find((schema) => schema['schema-id'] === current)?.fields ?? []
    return fields.some(({ name }) => name === 'verify') ? 'added' : 'accepted, and not there'
  },

  /** What is said of an object of the table that is not there: `GET 404, HEAD 404`. */
  missing: async (trial) => {
    const [, bucket = '', folder = ''] =
      /^s3:\/\/([^/]+)\/?(.*)$/.exec((await load(trial)).location) ?? []
    const region = regionOf(trial)
    const key = [folder, 'data/no-such-object.parquet'].filter((part) => part !== '').join('/')
    const url = `https://${bucket}.s3.${region}.${awsDomains(region).plain}/${key}`
    const said = ['GET', 'HEAD'].map(async (method) => {
      const signer = new AwsV4Signer({ method, url, service: 's3', region, ...trial.credentials })
      const { headers } = await signer.sign()
      const signal = AbortSignal.timeout(timeoutMs)
      return `${method} ${(await fetch(url, { method, headers, signal })).status}`
    })
    return (await Promise.all(said)).join(', ')
  },
}

if (import.meta.main ?? process.argv[1]?.endsWith('verify/s3-tables.ts')) {
  const [name = '', arn = '', namespace = ''] = process.argv.slice(2)
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN } = process.env
  const credentials = {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  }
  const question = questions[name]
  if (question === undefined) throw new Error(`what is ${name}`)
  const answer = question({ arn, namespace, credentials })
  console.log(await answer.catch(({ message }: Error) => `no answer: ${message}`))
}
