import { IngestError } from '../errors.ts'
import { type Log, noLog } from '../log.ts'
import { type Sha256, webSha256 } from '../sha256.ts'
import { checkAnyKey, checkKey, checkPrefix } from './key.ts'
import type { BucketAddress } from './s3-address.ts'
import { createS3Client, type RetryPolicy, type S3Answer, type S3Client } from './s3-client.ts'
import type { CredentialProvider } from './s3-credentials.ts'
import { refusal } from './s3-errors.ts'
import { listObjects } from './s3-list.ts'
import { type MultipartPolicy, putInParts } from './s3-multipart.ts'
import { type Put, type PutOutcome, putWhole } from './s3-put.ts'
import type {
  Capabilities,
  GetOptions,
  ObjectInfo,
  PutOptions,
  PutResult,
  Storage,
  TaggedObject,
  TaggedObjects,
} from './storage.ts'

// Objects in a bucket of S3, or of a server that speaks its REST API. Not here: S3 Express
// ("directory buckets"), whose sessions and listings differ; copies; versions.

export interface S3Options extends BucketAddress {
  /** Before every key, with a `/` between. */
  readonly prefix?: string
  /** Asked again before credentials end and after the server refused them; kept in between. */
  readonly credentials: CredentialProvider
  /** What this bucket can do less: an S3 table bucket can neither list nor delete. */
  readonly capabilities?: Partial<Capabilities>
  /** Takes keys that only S3 allows, for tables of other writers: `a//b`, `.a`. */
  readonly anyKey?: boolean
  /** What `ready` asks about, for those who may not touch every key: `.ready` without it. Nothing is ever put there. */
  readonly readyKey?: string
  readonly multipart?: Partial<MultipartPolicy>
  readonly retry?: Partial<RetryPolicy>
  /** Milliseconds in which a call is answered, and as many again for each MiB. */
  readonly timeoutMs?: number
  /** Calls on their way at once. */
  readonly maxCalls?: number
  readonly fetch?: typeof fetch
  readonly sha256?: Sha256
  readonly log?: Log
}

export interface S3CallOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal
}

export interface S3GetOptions extends GetOptions, S3CallOptions {}

/** What S3 has beyond a storage. */
export interface S3Storage extends Storage {
  put(key: string, bytes: Uint8Array, options?: PutOptions & S3CallOptions): Promise<PutResult>
  get(key: string, options?: S3GetOptions): Promise<Uint8Array | null>
  head(key: string, options?: S3CallOptions): Promise<S3ObjectInfo | null>
  /** Tags are ETags. */
  readonly tagged: TaggedObjects
}

export interface S3ObjectInfo extends ObjectInfo {
  /** Changes with every replacement. */
  readonly etag: string
}

const mebibyte = 2 ** 20

/** Opens a bucket; nothing is sent before the first call. */
export const createS3Storage = (options: S3Options): S3Storage => {
  const folder = options.prefix ? `${options.prefix.replace(/\/$/, '')}/` : ''
  const multipart = { aboveBytes: 16 * mebibyte, partBytes: 8 * mebibyte, ...options.multipart }
  const client = clientOf(options)
  const able = { conditionalPut: true, list: true, delete: true, ...options.capabilities }
  const nameOf = (key: string): string => {
    if (options.anyKey) checkAnyKey(key)
    else checkKey(key)
    return folder + key
  }
  const store = (put: Put): Promise<PutOutcome> =>
    put.bytes.length > multipart.aboveBytes
      ? putInParts(client, put, multipart)
      : putWhole(client, put)

  return {
    capabilities: able,
    async put(key, bytes, { ifNoneMatch, signal } = {}) {
      const condition = ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }
      const outcome = await store({ key: nameOf(key), bytes, condition, signal })
      return outcome === 'stored' ? 'created' : 'exists'
    },
    tagged: {
      get: async (key) => getTagged(client, nameOf(key)),
      async replace(key, tag, bytes) {
        // A server that gives no ETag could take an empty one for no condition at all.
        if (tag === '') return 'changed'
        const outcome = await store({ key: nameOf(key), bytes, condition: { 'if-match': tag } })
        return outcome === 'stored' ? 'replaced' : 'changed'
      },
    },
    get: async (key, options = {}) => getObject(client, nameOf(key), options),
    async head(key, { signal } = {}) {
      const found = await headObject(client, nameOf(key), signal)
      return found && { key, ...found }
    },
    list(prefix) {
      if (!options.anyKey) checkPrefix(prefix)
      demand(able.list, 'list')
      return listObjects(client, folder, prefix)
    },
    async delete(key) {
      const name = nameOf(key)
      demand(able.delete, 'delete')
      orNull(await client.send({ method: 'DELETE', key: name }))
    },
    ready: () => probe(client, folder + (options.readyKey ?? '.ready')),
  }
}

const clientOf = (options: S3Options): S3Client =>
  createS3Client({
    ...options,
    retry: { attempts: 4, baseMs: 100, maxMs: 2000, ...options.retry },
    timeoutMs: options.timeoutMs ?? 4000,
    maxCalls: options.maxCalls ?? 64,
    fetch: options.fetch ?? fetch,
    sha256: options.sha256 ?? webSha256,
    log: options.log ?? noLog,
  })

/** Null where no object is. */
const orNull = (answer: S3Answer): S3Answer | null => {
  if (answer.error === null) return answer
  if (answer.error.isMissing) return null
  throw refusal(answer.error)
}

const getObject = async (
  client: S3Client,
  key: string,
  { range, signal }: S3GetOptions,
): Promise<Uint8Array | null> => {
  if (range !== undefined && range.end <= range.start) return new Uint8Array()
  const headers = range && { range: `bytes=${range.start}-${range.end - 1}` }
  const answer = await client.send({ method: 'GET', key, signal, ...(headers && { headers }) })
  // Nothing of the object lies in the range.
  if (answer.status === 416) return new Uint8Array()
  const bytes = orNull(answer)?.bytes ?? null
  const isWhole = bytes !== null && range !== undefined && answer.status === 200
  return isWhole ? bytes.slice(range.start, range.end) : bytes
}

const getTagged = async (client: S3Client, key: string): Promise<TaggedObject | null> => {
  const answer = orNull(await client.send({ method: 'GET', key }))
  return answer && { bytes: answer.bytes, tag: answer.headers.get('etag') ?? '' }
}

/** An answer to HEAD never says why it refuses: then a byte is asked for, whose answer does. */
const headObject = async (client: S3Client, key: string, signal: AbortSignal | undefined) => {
  const head = await client.send({ method: 'HEAD', key, signal })
  const isMute = head.error !== null && !head.error.isMissing
  const headers = { range: 'bytes=0-0' }
  const answer = isMute ? await client.send({ method: 'GET', key, headers, signal }) : head
  if (answer.status === 416) return { size: 0, etag: answer.headers.get('etag') ?? '' }
  const found = orNull(answer)?.headers
  if (found === undefined) return null
  const [, whole] = /\/(\d+)$/.exec(found.get('content-range') ?? '') ?? []
  const modifiedAt = Date.parse(found.get('last-modified') ?? '')
  return {
    size: Number(whole ?? found.get('content-length')),
    etag: found.get('etag') ?? '',
    ...(!Number.isNaN(modifiedAt) && { modifiedAt }),
  }
}

/**
 * Asks to replace what is not there. The server looks at signature, bucket and rights first, and
 * then finds its condition unmet: so it is seen that objects could be written, and none is.
 */
const probe = async (client: S3Client, key: string): Promise<void> => {
  const body = await client.bodyOf(new Uint8Array())
  const headers = { 'if-match': '"0"' }
  const answer = await client.send({ method: 'PUT', key, headers, body })
  if (answer.status !== 412) orNull(answer)
}

const demand = (able: boolean, what: string): void => {
  if (!able) throw new IngestError('internal', `this storage cannot ${what}`)
}
