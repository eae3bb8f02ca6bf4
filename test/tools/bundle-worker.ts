/** The Worker as Wrangler would bundle it: one module, and parquet-wasm beside it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { wasmFile } from './bundle.ts'

/** A Worker's modules: its entry, and the wasm that this imports. */
export interface WorkerModules {
  readonly script: string
  readonly wasm: Uint8Array
  /** The name by which the script imports its wasm. */
  readonly wasmName: string
}

/** The name by which a script of ours imports its wasm. */
export const wasmName = './parquet_wasm_bg.wasm'

const root = join(import.meta.dirname, '../..')

/** Bundles `runtimes/cloudflare.ts`, smaller by what does not change names, as Wrangler's `minify` does. */
export const bundleWorker = async (): Promise<WorkerModules> => {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['runtimes/cloudflare.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    minify: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'warning',
    // Workers have these of Node's modules with the flag `nodejs_compat`.
    external: ['node:*'],
    plugins: [
      {
        name: 'wasm-module',
        setup: ({ onResolve }) =>
          onResolve({ filter: /\.wasm$/ }, () => ({ path: wasmName, external: true })),
      },
    ],
  })
  return {
    script: outputFiles[0]?.text ?? '',
    wasm: await readFile(join(root, wasmFile)),
    wasmName,
  }
}
