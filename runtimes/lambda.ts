/** The program on Lambda. All is loaded and warmed up in the init phase, which has a whole CPU. */
import manifest from '../package.json' with { type: 'json' }
import { startHandler } from './lambda/start.ts'
import { compileParquetWasm } from './node/wasm.ts'

/** Answers an event; `lambda.handler` is its name in a function's settings. */
export const handler = await startHandler({
  env: process.env,
  version: manifest.version,
  wasm: compileParquetWasm(),
  write: (line) => void process.stdout.write(`${line}\n`),
})
