/**
 * Memory that is a request's alone is given back when its last reader is done: an isolate has 128 MB, and its garbage collector
 * lets as much as half of that lie about.
 */
import type { Decode, Inflate } from '../../src/app.ts'
import { free } from '../../src/bytes.ts'
import type { Ingest, IngestRequest, IngestResult } from '../../src/ingest.ts'
import type { Encoder } from '../../src/parquet/encoder.ts'

/** Stores a request, whose body is gone when it was read: nothing is left of it but rows. */
export const ingestOnce = (ingest: Ingest, request: IngestRequest): Promise<IngestResult> => {
  const read = () => free(request.body.buffer)
  return ingest({ ...request, read }).finally(read)
}

/** The same codings, which leave nothing of what they have inflated. */
export const inflateOnce = (inflate: Inflate): Inflate => {
  const once: Record<string, Decode> = {}
  for (const [name, decode] of Object.entries(inflate)) {
    once[name] = async (bytes, limit, hold) => {
      const inflated = await decode(bytes, limit, hold)
      free(bytes.buffer)
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
