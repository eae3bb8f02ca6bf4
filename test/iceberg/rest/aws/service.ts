// S3 Tables' Iceberg REST endpoint, and Glue's: what AWS documents of them is all that they take, to the letter. Signatures
// are checked with AWS's own signer. Errors have the form and words that were seen of AWS: `type` in lower case at S3 Tables
// (`bad_request` and `invalid_metadata` were seen, the others follow them).
import { parseJson, stringifyJson } from '../../../../src/iceberg/json.ts'
import type { AwsCredentials } from '../../../../src/iceberg/rest/sigv4.ts'
import { FakeTables, type Reply } from '../fake-tables.ts'
import { expectedAuthorization, payloadHash } from '../judge.ts'
import type { WireAnswer, WireRequest } from './hosts.ts'

export const account = '123456789012'
export const credentials: AwsCredentials = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: 'IQoJb3JpZ2luX2VjEJr//+x/y=',
}

export interface ServiceKind {
  readonly signingName: 's3tables' | 'glue'
  readonly region: string
  readonly warehouse: string
  /** As it is in paths. */
  readonly prefix: string
}

/** A table bucket behind S3 Tables' own endpoint. */
export const s3TablesIn = (region: string, bucket: string): ServiceKind => {
  const warehouse = `arn:aws:s3tables:${region}:${account}:bucket/${bucket}`
  return { signingName: 's3tables', region, warehouse, prefix: encodeURIComponent(warehouse) }
}

/** The same bucket behind Glue's, which names it as a catalog of its own. */
export const glueIn = (region: string, bucket: string): ServiceKind => ({
  signingName: 'glue',
  region,
  warehouse: `${account}:s3tablescatalog/${bucket}`,
  prefix: `catalogs/${account}:s3tablescatalog:${bucket}`,
})

/** What happens to the next requests whose method and path match. */
export interface Refusal {
  readonly on: RegExp
  readonly answer: WireAnswer
  /** How often; for ever without it. */
  readonly times?: number
}

export interface AwsService {
  readonly tables: FakeTables
  answer(request: WireRequest): Promise<WireAnswer>
  refuse(refusal: Refusal): void
}

/** A service without tables. */
export const createService = (kind: ServiceKind, tables = new FakeTables()): AwsService => {
  const refusals: { on: RegExp; answer: WireAnswer; left: number }[] = []
  return {
    tables,
    refuse: ({ on, answer, times = Number.POSITIVE_INFINITY }) =>
      refusals.push({ on, answer, left: times }),
    async answer(request) {
      const unsigned = await signatureTrouble(request, kind)
      if (unsigned !== null) return unsigned
      const refusal = refusals.find(
        ({ on, left }) => left > 0 && on.test(`${request.method} ${request.url}`),
      )
      if (refusal !== undefined) {
        refusal.left--
        return refusal.answer
      }
      return route(request, kind, tables)
    },
  }
}

const json = { 'Content-Type': 'application/json' }

/** An answer as the operations give it. */
export const errorAnswer = (code: number, type: string, message: string): WireAnswer => ({
  status: code,
  headers: json,
  body: JSON.stringify({ error: { code, message, type } }),
})

/** An answer from before the operation: AWS's front says no more than this. */
export const frontAnswer = (status: number, type: string, message: string): WireAnswer => ({
  status,
  headers: { ...json, 'x-amzn-ErrorType': type },
  body: JSON.stringify({ message }),
})

const signatureTrouble = async (
  request: WireRequest,
  { signingName, region }: ServiceKind,
): Promise<WireAnswer | null> => {
  const { headers } = request
  const refused = (what: string) => frontAnswer(403, 'InvalidSignatureException', what)
  const expected = await expectedAuthorization(request, {
    service: signingName,
    region,
    credentials,
  })
  if (request.host !== `${signingName}.${region}.amazonaws.com`) return refused('another host')
  if (headers.authorization !== expected) return refused('the signature does not match')
  if (headers['x-amz-content-sha256'] !== payloadHash(request)) return refused('another payload')
  if (headers['x-amz-security-token'] !== credentials.sessionToken) return refused('another token')
  return null
}

const route = (request: WireRequest, kind: ServiceKind, tables: FakeTables): WireAnswer => {
  const { method, url } = request
  const [path = '', query = ''] = url.split('?')
  const deed = `${method} ${path}`
  if (deed === 'GET /iceberg/v1/config') return config(query, kind)
  const root = `/iceberg/v1/${kind.prefix}/namespaces`
  if (!path.startsWith(root)) return badRequest('The specified table bucket ARN is not valid.')
  const [, namespace, word, table, ...more] = path.slice(root.length).split('/')
  if (more.length > 0 || (word ?? 'tables') !== 'tables') return notOffered
  if (method === 'POST' && request.headers['content-type'] !== 'application/json') return notOffered
  if (namespace === undefined)
    return method === 'POST' ? makeNamespace(request, tables) : notOffered
  if (table === undefined) {
    return method === 'POST' && word !== undefined
      ? makeTable(namespace, request, tables)
      : notOffered
  }
  return ofTable(`${namespace}/${table}`, query, request, tables)
}

/** Lists and deletes among them: no role of this program may. */
const notOffered = errorAnswer(405, 'method_not_allowed', 'The specified method is not allowed.')

const badRequest = (message: string): WireAnswer => errorAnswer(400, 'bad_request', message)

const config = (query: string, { warehouse, prefix, signingName }: ServiceKind): WireAnswer => {
  if (query !== `warehouse=${encodeURIComponent(warehouse)}`) {
    return badRequest('The specified table bucket ARN is not valid.')
  }
  const own = {
    'write.object-storage.partitioned-paths': 'false',
    's3.delete-enabled': 'false',
    'io-impl': 'org.apache.iceberg.aws.s3.S3FileIO',
    'write.object-storage.enabled': 'true',
    prefix,
    'rest-metrics-reporting-enabled': 'false',
  }
  const defaults = signingName === 's3tables' ? own : {}
  const overrides = signingName === 's3tables' ? {} : { prefix }
  return { status: 200, headers: json, body: JSON.stringify({ defaults, overrides }) }
}

/** "Naming rules for tables and namespaces". */
const isName = (name: string): boolean => /^[0-9a-z][0-9a-z_]{0,254}$/.test(name)

const makeNamespace = ({ body }: WireRequest, tables: FakeTables): WireAnswer => {
  const { namespace, properties } = JSON.parse(body)
  const [name = '', ...deeper] = namespace
  if (!isName(name) || /^aws/.test(name) || deeper.length > 0) {
    return badRequest('The specified namespace name is not valid.')
  }
  if (Object.keys(properties).length > 0)
    return badRequest('Namespace properties are not supported.')
  return answerOf(tables.createNamespace(body))
}

const makeTable = (namespace: string, { body }: WireRequest, tables: FakeTables): WireAnswer => {
  const { name, schema, 'stage-create': staged } = JSON.parse(body)
  if (staged !== false) return badRequest('Staged table creation is not supported.')
  if (!isName(name)) return badRequest('The specified table name is not valid.')
  const columns: { name: string }[] = schema.fields
  if (columns.some(({ name }) => name !== name.toLowerCase())) {
    return errorAnswer(400, 'invalid_metadata', 'The specified metadata is not valid')
  }
  return answerOf(tables.createTable(namespace, body))
}

const ofTable = (
  key: string,
  query: string,
  { method, body }: WireRequest,
  tables: FakeTables,
): WireAnswer => {
  if (method === 'GET' && query === 'snapshots=all') return answerOf(tables.loadTable(key))
  return method === 'POST' && query === '' ? answerOf(tables.commit(key, body)) : notOffered
}

/** What was seen of S3 Tables, and its API's words where nobody wrote down what the endpoint says. */
const words: Readonly<Record<string, readonly [type: string, message: string]>> = {
  NoSuchNamespaceException: ['not_found', 'The specified namespace does not exist.'],
  NoSuchTableException: ['not_found', 'The specified table does not exist.'],
  AlreadyExistsException: [
    'conflict',
    'A table with an identical name already exists in the namespace.',
  ],
  CommitFailedException: [
    'conflict',
    'Provided version token does not match the table version token.',
  ],
  BadRequestException: ['invalid_metadata', 'The specified metadata is not valid'],
}

const answerOf = ({ status, body, type = '' }: Reply): WireAnswer => {
  if (status !== 200) return errorAnswer(status, ...(words[type] ?? ['bad_request', type]))
  const { metadata, ...rest } = parseJson(stringifyJson(body)) as Record<string, unknown>
  const result = metadata === undefined ? rest : loadResult(metadata as Metadata)
  return { status, headers: json, body: stringifyJson(result) }
}

interface Metadata {
  readonly location: string
  readonly 'last-sequence-number': number
  readonly 'table-uuid': string
}

const loadResult = (metadata: Metadata): unknown => {
  const version = String(metadata['last-sequence-number']).padStart(5, '0')
  const file = `${version}-${metadata['table-uuid']}.metadata.json`
  return { 'metadata-location': `${metadata.location}/metadata/${file}`, metadata, config: {} }
}
