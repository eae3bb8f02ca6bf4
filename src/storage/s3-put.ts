import { concatenate } from '../bytes.ts'
import { IngestError } from '../errors.ts'
import type { S3Answer, S3Client } from './s3-client.ts'
import { refusal } from './s3-errors.ts'

/** One put of an object, as everything below needs to know it. */
export interface Put {
  readonly key: string
  readonly bytes: Uint8Array
  /** `If-None-Match` or `If-Match`. */
  readonly condition: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

/** `refused`: the condition did not hold, and what stands there is not of this put. */
export type PutOutcome = 'stored' | 'refused'

/**
 * Of one put alone, kept with the object: an object's bytes cannot tell which of two attempts to
 * store the same rows has stored them, and only one of them may say that it did.
 */
const markHeader = 'x-amz-meta-otlp2parquet-put'

export interface Mark {
  readonly headers: Readonly<Record<string, string>>
  /**
   * Whether the object at a put's key was stored by this put, whose answer was lost. A server that
   * keeps no metadata makes it false, which costs its caller a look, never a row.
   */
  isOn(put: Put, checksum: string): Promise<boolean>
}

/** A mark for one put. */
export const createMark = (client: S3Client): Mark => {
  const mark = crypto.randomUUID()
  return {
    headers: { [markHeader]: mark },
    async isOn({ key, bytes, signal }, checksum) {
      const headers = { 'x-amz-checksum-mode': 'ENABLED' }
      const answer = await client.send({ method: 'HEAD', key, headers, signal })
      const { error, headers: found } = answer
      if (error !== null) throw error.isMissing ? vanished(error) : refusal(error)
      const size = Number(found.get('content-length'))
      return (
        found.get(markHeader) === mark &&
        size === bytes.length &&
        (found.get('x-amz-checksum-sha256') ?? checksum) === checksum
      )
    },
  }
}

const vanished = (cause: unknown): IngestError =>
  new IngestError('unavailable', 'storage is unavailable: an object came and went', { cause })

/**
 * Stores an object in one call. The hash that is signed goes as its checksum too: the server
 * compares the bytes with it, keeps it, and tells it to whoever asks; hashing once serves both.
 */
export const putWhole = async (client: S3Client, put: Put): Promise<PutOutcome> => {
  const { key, bytes, condition, signal } = put
  const mark = createMark(client)
  const body = await client.bodyOf(bytes)
  const checksum = base64(body.digest)
  const headers = { ...condition, ...mark.headers, 'x-amz-checksum-sha256': checksum }
  const answer = await client.send({ method: 'PUT', key, headers, body, signal })
  return outcomeOf(answer, () => mark.isOn(put, checksum))
}

/**
 * What the answer to a conditional put means. One that an earlier attempt may have carried out, and
 * one that others are said to be at ("409 ConditionalRequestConflict") are looked into.
 */
export const outcomeOf = async (
  { error, status, uncertain }: S3Answer,
  isOurs: () => Promise<boolean>,
): Promise<PutOutcome> => {
  if (error === null) return 'stored'
  const conflict = error.code === 'ConditionalRequestConflict'
  // What is not there has no ETag either: 404 for Amazon, 412 for others.
  if (status !== 412 && !error.isMissing && !conflict) throw refusal(error)
  return (uncertain || conflict) && (await isOurs()) ? 'stored' : 'refused'
}

/** The checksum of an object in parts: that of the parts' checksums, and their number. */
export const compositeChecksum = async (
  client: S3Client,
  digests: readonly Uint8Array[],
): Promise<string> => {
  const { digest } = await client.bodyOf(concatenate(digests))
  return `${base64(digest)}-${digests.length}`
}

/** A checksum as S3's headers carry it. */
export const base64 = (digest: Uint8Array): string => btoa(String.fromCharCode(...digest))
