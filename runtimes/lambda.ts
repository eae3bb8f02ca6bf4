/**
 * The program on Lambda. All is loaded and warmed up in the init phase, which has a whole CPU. The program itself is
 * another file: while it is read, parquet-wasm is compiled, on other threads.
 */
import manifest from '../package.json' with { type: 'json' }
import { compileParquetWasm } from './node/wasm.ts'

const wasm = compileParquetWasm()
// Whoever waits for it is told.
wasm.catch(() => {})
const { startHandler } = await import('./lambda/start.ts')

/** Answers an event; `lambda.handler` is its name in a function's settings. */
export const handler = await startHandler({
  env: process.env,
  version: manifest.version,
  wasm,
  write: (line) => void process.stdout.write(`${line}\n`),
})
