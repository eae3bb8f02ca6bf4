/**
 * parquet-wasm's exports as the encoder uses them. The package's own JavaScript keeps one instance
 * for ever; but an instance that has panicked, or whose memory has grown (it never shrinks), must
 * be replaced. So we instantiate the module ourselves, and pass the bytes straight into its memory
 * without a copy in between. The names follow parquet-wasm 0.8.0, whose types we take.
 */
import type { InitOutput } from 'parquet-wasm/esm'

/** The exports that writing needs (wasm-bindgen's calling convention). */
export type ParquetWasm = Pick<
  InitOutput,
  | 'memory'
  | '__wbindgen_malloc'
  | '__wbindgen_free'
  | '__wbindgen_externrefs'
  | '__externref_table_alloc'
  | '__externref_table_dealloc'
  | '__wbindgen_start'
  | '__wbg_table_free'
  | 'table_fromIPCStream'
  | 'writeParquet'
  | 'writerpropertiesbuilder_new'
  | 'writerpropertiesbuilder_build'
  | 'writerpropertiesbuilder_setCompression'
  | 'writerpropertiesbuilder_setCreatedBy'
  | 'writerpropertiesbuilder_setMaxRowGroupSize'
  | 'writerpropertiesbuilder_setDataPageSizeLimit'
  | 'writerpropertiesbuilder_setDictionaryEnabled'
  | 'writerpropertiesbuilder_setEncoding'
  | 'writerpropertiesbuilder_setStatisticsEnabled'
  | 'writerpropertiesbuilder_setColumnDictionaryEnabled'
  | 'writerpropertiesbuilder_setColumnEncoding'
  | 'writerpropertiesbuilder_setColumnStatisticsEnabled'
>

/** A new instance with its own memory. Takes about a millisecond for a compiled module. */
export const instantiate = (module: WebAssembly.Module): ParquetWasm => {
  const imports: Record<string, WebAssembly.ImportValue> = {}
  let wasm: ParquetWasm
  for (const { name } of WebAssembly.Module.imports(module)) {
    imports[name] = () => {
      throw new Error(`parquet-wasm called ${name}, which writing does not need`)
    }
  }
  const text = (pointer: number, length: number) =>
    new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, pointer >>> 0, length >>> 0))
  const named = (prefix: string, value: WebAssembly.ImportValue) => {
    const name = Object.keys(imports).find((name) => name.startsWith(prefix))
    if (name === undefined) throw new Error(`parquet-wasm has no import ${prefix}`)
    imports[name] = value
  }
  named('__wbg_Error_', (pointer: number, length: number) => new Error(text(pointer, length)))
  named('__wbg___wbindgen_throw_', (pointer: number, length: number) => {
    throw new Error(text(pointer, length))
  })
  named('__wbindgen_init_externref_table', () => {
    const table = wasm.__wbindgen_externrefs
    const offset = table.grow(4)
    table.set(0, undefined)
    for (const [i, value] of [undefined, null, true, false].entries()) table.set(offset + i, value)
  })
  const instance = new WebAssembly.Instance(module, { './parquet_wasm_bg.js': imports })
  wasm = instance.exports as unknown as ParquetWasm
  wasm.__wbindgen_start()
  return wasm
}
