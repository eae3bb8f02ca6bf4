/** The program on Lambda. All is loaded and warmed up in the init phase, which has a whole CPU. */
import manifest from '../package.json' with { type: 'json' }
import { readConfig } from '../src/config.ts'
import { createEmbeddedMetrics } from './lambda/embedded-metrics.ts'
import { createHandler } from './lambda/handler.ts'
import { createLog } from './node/logging.ts'
import { compileParquetWasm } from './node/wasm.ts'

const wasm = compileParquetWasm()
const config = readConfig(process.env, 'lambda')
const write = (line: string): void => void process.stdout.write(`${line}\n`)

/** Answers an event; `lambda.handler` is its name in a function's settings. */
export const handler = await createHandler({
  config,
  version: manifest.version,
  wasm,
  log: createLog({ level: config.logLevel, format: config.logFormat, write }),
  metrics: createEmbeddedMetrics({ write }),
})
