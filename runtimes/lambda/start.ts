import { type Environment, readConfig } from '../../src/config.ts'
import { tellCannotStart } from '../shared/cannot-start.ts'
import { createLog } from '../shared/logging.ts'
import { createEmbeddedMetrics } from './embedded-metrics.ts'
import { createHandler, type Handler } from './handler.ts'

export interface StartOptions {
  readonly env: Environment
  /** The program's version, for the files' footers. */
  readonly version: string
  readonly wasm: Promise<WebAssembly.Module>
  /** Takes a line without its end. */
  readonly write: (line: string) => void
}

/**
 * The handler for an environment. Whatever keeps the program from starting is one line of JSON with all there is to
 * mend; then it is thrown, for the platform to answer senders with an error after which they try again.
 */
export const startHandler = async ({
  env,
  version,
  wasm,
  write,
}: StartOptions): Promise<Handler> => {
  try {
    const config = readConfig(env, 'lambda')
    const log = createLog({ level: config.logLevel, format: config.logFormat, write })
    const metrics = createEmbeddedMetrics({ write, embedded: config.embeddedMetrics })
    return await createHandler({ config, version, wasm, log, metrics })
  } catch (error) {
    tellCannotStart(error, write)
    throw error
  }
}
