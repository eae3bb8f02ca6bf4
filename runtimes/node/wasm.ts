import { readFile } from 'node:fs/promises'

/** parquet-wasm's file: beside the bundle, or in the package when the sources run as they are. */
const beside = new URL('./parquet_wasm_bg.wasm', import.meta.url)

/** Reads and compiles parquet-wasm; the compiler works on other threads meanwhile. */
export const compileParquetWasm = async (): Promise<WebAssembly.Module> =>
  WebAssembly.compile(await readFile(beside).catch(readFromPackage))

const readFromPackage = () =>
  readFile(new URL(import.meta.resolve('parquet-wasm/esm/parquet_wasm_bg.wasm')))
