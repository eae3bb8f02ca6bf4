import { IngestError, KnownError } from '../errors.ts'
import { inTurns } from '../turns.ts'
import type { S3Answer, S3Client } from './s3-client.ts'
import { refusal } from './s3-errors.ts'
import {
  base64,
  compositeChecksum,
  createMark,
  outcomeOf,
  type Put,
  type PutOutcome,
} from './s3-put.ts'
import { encode, textOf } from './s3-xml.ts'

/** From which size an object is stored in parts, and how large they are; S3 allows 5 MiB at least. */
export interface MultipartPolicy {
  readonly aboveBytes: number
  readonly partBytes: number
}

/** S3's limit. */
const maxParts = 10_000

/** Parts of one object on their way at once. */
const partsAtOnce = 4

interface Part {
  readonly number: number
  readonly etag: string
  readonly digest: Uint8Array
}

/**
 * Stores an object in parts, which become it all at once or never. After a failure the parts are
 * given back, but not after a result that is unknown: that would undo what may have happened.
 * What a killed program leaves, a lifecycle rule of the bucket has to remove.
 */
export const putInParts = async (
  client: S3Client,
  put: Put,
  policy: MultipartPolicy,
): Promise<PutOutcome> => {
  const mark = createMark(client)
  const uploadId = await begin(client, put, mark.headers)
  const parts = await sendParts(client, put, uploadId, policy).catch(async (error: unknown) => {
    await abort(client, put, uploadId)
    throw error
  })
  const answer = await complete(client, put, uploadId, parts)
  const digests = parts.map(({ digest }) => digest)
  const isOurs = async () => mark.isOn(put, await compositeChecksum(client, digests))
  // An upload that is no more is one that an attempt without an answer has completed.
  if (answer.uncertain && answer.error?.code === 'NoSuchUpload' && (await isOurs())) return 'stored'
  const outcome = await outcomeOf(answer, isOurs).catch(async (error: unknown) => {
    if (!answer.uncertain && answer.status < 500) await abort(client, put, uploadId)
    throw error
  })
  if (outcome === 'refused') await abort(client, put, uploadId)
  return outcome
}

/** Gives the upload's id. */
const begin = async (
  client: S3Client,
  { key, signal }: Put,
  marked: Readonly<Record<string, string>>,
): Promise<string> => {
  const headers = { ...marked, 'x-amz-checksum-algorithm': 'SHA256' }
  const query = { uploads: '' }
  const { error, bytes } = await client.send({ method: 'POST', key, query, headers, signal })
  if (error !== null) throw refusal(error)
  return present(textOf(new TextDecoder().decode(bytes), 'UploadId'), 'an upload without an id')
}

const sendParts = async (
  client: S3Client,
  put: Put,
  uploadId: string,
  { partBytes }: MultipartPolicy,
): Promise<Part[]> => {
  const size = Math.max(partBytes, Math.ceil(put.bytes.length / maxParts))
  const count = Math.ceil(put.bytes.length / size)
  const numbers = Array.from({ length: count }, (_, i) => i + 1)
  const parts = await inTurns(numbers, partsAtOnce, (number) => {
    const bytes = put.bytes.subarray((number - 1) * size, number * size)
    return sendPart(client, put, uploadId, number, bytes)
  })
  return parts.sort((a, b) => a.number - b.number)
}

const sendPart = async (
  client: S3Client,
  { key, signal }: Put,
  uploadId: string,
  number: number,
  bytes: Uint8Array,
): Promise<Part> => {
  const body = await client.bodyOf(bytes)
  const { digest } = body
  const headers = { 'x-amz-checksum-sha256': base64(digest) }
  const query = { partNumber: String(number), uploadId }
  const answer = await client.send({ method: 'PUT', key, query, headers, body, signal })
  if (answer.error !== null) throw refusal(answer.error)
  const etag = present(answer.headers.get('etag'), 'a part without an ETag')
  return { number, etag, digest }
}

const complete = async (
  client: S3Client,
  { key, condition, signal }: Put,
  uploadId: string,
  parts: readonly Part[],
): Promise<S3Answer> => {
  const elements = parts.map(
    ({ number, etag, digest }) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${encode(etag)}</ETag>` +
      `<ChecksumSHA256>${base64(digest)}</ChecksumSHA256></Part>`,
  )
  const xml =
    '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
    `${elements.join('')}</CompleteMultipartUpload>`
  const body = await client.bodyOf(new TextEncoder().encode(xml))
  const query = { uploadId }
  return client.send({ method: 'POST', key, query, headers: condition, body, signal })
}

/** Best effort, also for a caller who has given up. */
const abort = async (client: S3Client, { key }: Put, uploadId: string): Promise<void> => {
  await client.send({ method: 'DELETE', key, query: { uploadId } }).catch(() => undefined)
}

const present = (text: string | null | undefined, without: string): string => {
  if (text) return text
  const cause = new KnownError(`the object store answered with ${without}`)
  throw new IngestError('unavailable', 'storage is unavailable: its answer makes no sense', {
    cause,
  })
}
