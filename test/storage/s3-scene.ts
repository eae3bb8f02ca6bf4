// What tests of a failing S3 stand on: a server that fails on demand, a storage with short waits, and what it logs.
import { expect } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import { createS3Storage, type S3Options, type S3Storage } from '../../src/storage/s3.ts'
import { accessKeyId, type Fault, type S3Fake, secretAccessKey, startS3Fake } from './s3-server.ts'

export type Line = [message: string, facts: Readonly<Record<string, unknown>> | undefined]

export interface S3Scene {
  readonly fake: S3Fake
  /** What was logged, but for what only debugging wants. */
  readonly lines: Line[]
  readonly open: (options?: Partial<S3Options>) => S3Storage
  /** These faults one after the other, then none. */
  readonly faults: (...list: (Fault | undefined)[]) => void
}

/** For answers that never come; others may take as long as a busy machine does. */
export const impatient = { timeoutMs: 500 }

/** Starts one. */
export const startScene = async (): Promise<S3Scene> => {
  const fake = await startS3Fake()
  const lines: Line[] = []
  return {
    fake,
    lines,
    open: (options) =>
      createS3Storage({
        bucket: 'lake',
        region: fake.region,
        endpoint: fake.endpoint,
        credentials: async () => ({ accessKeyId, secretAccessKey }),
        retry: { baseMs: 1, maxMs: 5 },
        multipart: { aboveBytes: 100, partBytes: 40 },
        timeoutMs: 30_000,
        log: (level, message, facts) => {
          if (level !== 'debug') lines.push([message, facts])
        },
        ...options,
      }),
    faults: (...list) => {
      fake.fault = () => list.shift()
    },
  }
}

/** The error of what has to fail. */
export const wrong = (promise: Promise<unknown>): Promise<IngestError> =>
  promise.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(IngestError)
      return error as IngestError
    },
  )
