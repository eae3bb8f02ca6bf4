// The way into plain Parquet, put together as the runtimes do it: for tests of what lies on it.

import { createPlainDestination, type PlainOptions } from '../../src/ingest/plain.ts'
import { createIngest, type Ingest, type IngestOptions } from '../../src/ingest.ts'

export type PlainIngestOptions = Omit<IngestOptions, 'destination'> & PlainOptions

export const createPlainIngest = (options: PlainIngestOptions): Ingest => {
  const { storage, encode, sha256, metrics } = options
  const destination = createPlainDestination({
    storage,
    encode,
    metrics,
    ...(sha256 !== undefined && { sha256 }),
  })
  return createIngest({ ...options, destination })
}
