/**
 * Memory that is a request's alone is given back when its last reader is done: where memory is bounded, a garbage collector lets
 * too much lie about. On Workers an isolate has 128 MB; on Lambda what lies about of one request stands beside the next one.
 */
import type { Decode, Inflate } from '../../src/app.ts'
import { free } from '../../src/bytes.ts'
import type { Ingest, IngestRequest, IngestResult } from '../../src/ingest.ts'
import type { Encoder } from '../../src/parquet/encoder.ts'

/** Bytes from which on a body has memory of its own: shorter ones may lie in a pool (8 to 64 KiB on Node). */
const own = 65536

const freeBody = (body: Uint8Array): void => {
  if (body.length >= own) free(body.buffer)
}

/** Stores a request, whose body is gone when it was read: nothing is left of it but rows. */
export const ingestOnce = (ingest: Ingest, request: IngestRequest): Promise<IngestResult> => {
  const read = () => freeBody(request.body)
  return ingest({ ...request, read }).finally(read)
}

/** Stores a request, which may be read again until it is stored; its body is gone then. */
export const ingestThenFree = (ingest: Ingest, request: IngestRequest): Promise<IngestResult> =>
  ingest(request).finally(() => freeBody(request.body))

/** The same codings, which leave nothing of what they have inflated. */
export const inflateOnce = (inflate: Inflate): Inflate => {
  const once: Record<string, Decode> = {}
  for (const [name, decode] of Object.entries(inflate)) {
    once[name] = async (bytes, limit, hold) => {
      const inflated = await decode(bytes, limit, hold)
      freeBody(bytes)
      return inflated
    }
  }
  return once
}

/** An encoder that knows the files which it has made. */
export const createOwnFiles = (encoder: Encoder) => {
  const made: Uint8Array[] = []
  const own = <File extends { readonly bytes: Uint8Array }>(file: File): File => {
    made.push(file.bytes)
    return file
  }
  const watched: Encoder = {
    encode: (batch, order) => own(encoder.encode(batch, order)),
    encodeMeasured: (batch, order, bounded) => own(encoder.encodeMeasured(batch, order, bounded)),
  }
  return {
    encoder: watched,
    /** Gives the files' memory back. No call may be under way that reads them. */
    free(): void {
      for (const { buffer } of made.splice(0)) free(buffer)
    },
  }
}
