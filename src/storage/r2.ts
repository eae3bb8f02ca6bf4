import { hex } from '../bytes.ts'
import { IngestError } from '../errors.ts'
import { type Log, noLog } from '../log.ts'
import { type Sha256, webSha256 } from '../sha256.ts'
import { checkAnyKey, checkKey, checkPrefix, isKey } from './key.ts'
import { type Attempts, createAttempts, type R2RetryPolicy } from './r2-attempts.ts'
import type { R2Binding, R2Put } from './r2-binding.ts'
import type { GetOptions, ObjectInfo, Storage, TaggedObject, TaggedObjects } from './storage.ts'

// Objects in a bucket of Cloudflare R2, through a Worker's binding. Elsewhere R2 is an S3 server
// (`s3.ts`). Not here: objects in parts, since a put takes 5 GiB and an isolate never has so much;
// a limit of calls at once, since the runtime has one (6) and queues the others itself; keys that
// only Unicode's normal form C tells apart, which R2 takes for the same: ours are ASCII.

export interface R2Options {
  readonly bucket: R2Binding
  /** Before every key, with a `/` between. */
  readonly prefix?: string
  /** Takes keys that only R2 allows, for tables of other writers: `a//b`, `.a`. */
  readonly anyKey?: boolean
  readonly retry?: Partial<R2RetryPolicy>
  readonly sha256?: Sha256
  readonly log?: Log
}

/** What R2 tells beyond a storage. */
export interface R2Storage extends Storage {
  /** Tags are ETags, without quotes. */
  readonly tagged: TaggedObjects
  head(key: string): Promise<R2ObjectInfo | null>
}

export interface R2ObjectInfo extends ObjectInfo {
  /** Changes with every replacement; without quotes. */
  readonly etag: string
}

/** What is called, and how. */
interface Bucket {
  readonly bucket: R2Binding
  readonly attempt: Attempts
}

/** Opens a bucket; nothing is called before the first call. */
export const createR2Storage = (options: R2Options): R2Storage => {
  const { bucket, anyKey = false, sha256 = webSha256, log = noLog } = options
  const folder = options.prefix ? `${options.prefix.replace(/\/$/, '')}/` : ''
  const retry = { attempts: 4, baseMs: 100, maxMs: 2000, busyMs: 1000, ...options.retry }
  const opened = { bucket, attempt: createAttempts(retry, log) }
  const { attempt } = opened
  const nameOf = (key: string): string => {
    if (anyKey) checkAnyKey(key)
    else checkKey(key)
    return folder + key
  }

  return {
    capabilities: { conditionalPut: true, list: true, delete: true },
    tagged: {
      get: async (key) => getTagged(opened, nameOf(key)),
      async replace(key, tag, bytes) {
        const isPut = await putObject(opened, nameOf(key), bytes, { etagMatches: tag }, sha256)
        return isPut ? 'replaced' : 'changed'
      },
    },
    async put(key, bytes, { ifNoneMatch } = {}) {
      const condition = ifNoneMatch && { etagDoesNotMatch: ifNoneMatch }
      const isPut = await putObject(opened, nameOf(key), bytes, condition, sha256)
      return isPut ? 'created' : 'exists'
    },
    get: async (key, options) => getObject(opened, nameOf(key), options),
    async head(key) {
      const name = nameOf(key)
      const { value: found } = await attempt('head', name, () => bucket.head(name))
      if (found === null) return null
      const { size, etag, uploaded } = found
      return { key, size, etag, modifiedAt: uploaded.getTime() }
    },
    list(prefix) {
      if (!anyKey) checkPrefix(prefix)
      return listObjects(opened, folder, prefix)
    },
    async delete(key) {
      const name = nameOf(key)
      await attempt('delete', name, () => bucket.delete(name))
    },
    ready: () => probe(opened, `${folder}.ready`),
  }
}

/**
 * Of one put alone, kept with the object: an object's bytes cannot tell which of two attempts to
 * store the same rows has stored them, and only one of them may say that it did.
 */
const markName = 'otlp2parquet-put'

/** Whether an object was put: where it was not, the condition did not hold. */
const putObject = async (
  { bucket, attempt }: Bucket,
  key: string,
  bytes: Uint8Array,
  condition: R2Put['onlyIf'],
  sha256: Sha256,
): Promise<boolean> => {
  const mark = crypto.randomUUID()
  const options = {
    // R2 compares the bytes with it before the object stands.
    sha256: hex(await sha256([bytes])),
    customMetadata: { [markName]: mark },
    ...(condition !== undefined && { onlyIf: condition }),
  }
  const { value: stored, uncertain } = await attempt('put', key, () =>
    bucket.put(key, bytes, options),
  )
  if (stored !== null) return true
  if (!uncertain) return false
  // What stands there may be of an earlier attempt, whose answer was lost.
  const { value: standing } = await attempt('head', key, () => bucket.head(key))
  if (standing === null) throw vanished()
  return standing.customMetadata?.[markName] === mark
}

const vanished = (): IngestError =>
  new IngestError('unavailable', 'storage is unavailable: an object came and went')

const getObject = async (
  { bucket, attempt }: Bucket,
  key: string,
  { range }: GetOptions = {},
): Promise<Uint8Array | null> => {
  if (range !== undefined && range.end <= range.start) return new Uint8Array()
  const options = range && { range: { offset: range.start, length: range.end - range.start } }
  const read = async () => {
    const object = await bucket.get(key, options)
    // Within the attempt: it may break off as it comes.
    return object && new Uint8Array(await object.arrayBuffer())
  }
  const readOrNothing = (error: unknown) => orNothing(bucket, key, range?.start, error)
  const { value } = await attempt('get', key, () => read().catch(readOrNothing))
  return value
}

const getTagged = async (
  { bucket, attempt }: Bucket,
  key: string,
): Promise<TaggedObject | null> => {
  const read = async () => {
    const object = await bucket.get(key)
    return object && { bytes: new Uint8Array(await object.arrayBuffer()), tag: object.etag }
  }
  const { value } = await attempt('get', key, read)
  return value
}

/** A range with nothing of the object in it fails, in one way (10039) or another. */
const orNothing = async (
  bucket: R2Binding,
  key: string,
  start: number | undefined,
  error: unknown,
): Promise<Uint8Array> => {
  const found = start === undefined ? null : await bucket.head(key)
  if (found === null || start === undefined || start < found.size) throw error
  return new Uint8Array()
}

/**
 * The objects whose key starts with a prefix, page by page, in the order in which R2 tells them: the
 * one of their bytes. What no storage of ours would call an object (a console's folder, `a/`) is
 * passed over. `folder` is taken off the keys.
 */
async function* listObjects(
  { bucket, attempt }: Bucket,
  folder: string,
  prefix: string,
): AsyncGenerator<ObjectInfo> {
  let cursor: string | undefined
  do {
    const from = { prefix: folder + prefix, ...(cursor !== undefined && { cursor }) }
    const { value: page } = await attempt('list', from.prefix, () => bucket.list(from))
    for (const { key, size, uploaded } of page.objects) {
      const own = key.slice(folder.length)
      if (isKey(own)) yield { key: own, size, modifiedAt: uploaded.getTime() }
    }
    cursor = page.truncated ? page.cursor : undefined
  } while (cursor !== undefined)
}

/**
 * Asks to replace what is not there. R2 looks at bucket and rights first, and then finds its
 * condition unmet: so it is seen that objects could be written, and none is.
 */
const probe = async ({ bucket, attempt }: Bucket, key: string): Promise<void> => {
  const onlyIf = { etagMatches: '0' }
  await attempt('put', key, () => bucket.put(key, new Uint8Array(), { onlyIf }))
}
