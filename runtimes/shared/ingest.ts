import type { Config } from '../../src/config.ts'
import type { Destination } from '../../src/ingest/destination.ts'
import { createIngest, type Ingest, type IngestOptions } from '../../src/ingest.ts'
import { createEncoder, type Encoder } from '../../src/parquet/encoder.ts'
import { sha256 } from './sha256.ts'

/** The encoder, as it is configured. */
export const encoderOf = (
  module: WebAssembly.Module,
  version: string,
  config: Config,
  maxMemoryBytes?: number,
): Encoder =>
  createEncoder({
    ...(maxMemoryBytes !== undefined && { maxMemoryBytes }),
    module,
    version,
    compression: config.parquetCompression,
    rowGroupSize: config.rowGroupSize,
  })

/** A request's way to a destination, as it is configured. */
export const ingestOf = (
  destination: Destination,
  config: Config,
  { log, metrics }: Pick<IngestOptions, 'log' | 'metrics'>,
): Ingest =>
  createIngest({
    destination,
    maxFiles: config.maxFilesPerRequest,
    dedupe: config.dedupe,
    sha256,
    log,
    metrics,
  })
