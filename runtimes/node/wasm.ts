/** parquet-wasm's file: beside the bundle, or in the package when the sources run as they are. */
const file = 'parquet_wasm_bg.wasm'

/**
 * Reads and compiles parquet-wasm. The compiler works on other threads, for about as long as the
 * rest of the program takes to load: called first, it costs a start next to nothing.
 */
export const compileParquetWasm = (): Promise<WebAssembly.Module> => {
  // Not imported: an older Node, which has no such function, is told so by whoever loads this file.
  const { readFileSync, existsSync } = process.getBuiltinModule('node:fs')
  const beside = new URL(file, import.meta.url)
  const url = existsSync(beside) ? beside : new URL(import.meta.resolve(`parquet-wasm/esm/${file}`))
  return WebAssembly.compile(readFileSync(url))
}
