/** What the bundles for npm and for Lambda share: how they are made, and what is published with them. */
import { readFile } from 'node:fs/promises'
import type { BuildOptions, Metafile, Plugin } from 'esbuild'

/** parquet-wasm, which a bundle reads from beside itself. */
export const wasmFile = 'node_modules/parquet-wasm/esm/parquet_wasm_bg.wasm'

/** Modules for Node, each with all that it needs in one file. */
export const bundled = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  legalComments: 'none',
  logLevel: 'warning',
} as const satisfies BuildOptions

/** Packages of CommonJS ask for Node's modules with `require`, which a module does not have. */
const requireForCommonJs =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"

/** The program: small, with names as they are, for stacks that can be read. */
export const minified = {
  ...bundled,
  target: 'node22',
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  banner: { js: requireForCommonJs },
} as const satisfies BuildOptions

/** A module is loaded from a file beside the importing one, instead of being contained in it. */
export const beside = (filter: RegExp, file: string): Plugin => ({
  name: `beside-${file}`,
  setup: ({ onResolve }) => onResolve({ filter }, () => ({ path: `./${file}`, external: true })),
})

/**
 * Node's own modules are loaded by whoever uses them first, instead of all of them before the program's first line; and
 * only what is used of them: an `import` asks a module for everything it has, of `node:http` undici too.
 */
export const builtinsWhenUsed: Plugin = {
  name: 'builtins-when-used',
  setup({ onResolve, onLoad }) {
    const namespace = 'builtin'
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace }))
    onLoad({ filter: /./, namespace }, ({ path }) => ({
      // esbuild looks at every property of a module's own, and so would load what is behind it.
      contents: `module.exports = Object.create(process.getBuiltinModule('${path}'))`,
    }))
  },
}

/** The licences of every package in these bundles, parquet-wasm's included. */
export const licences = async (metafiles: readonly Metafile[]): Promise<string> => {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs))
  const folders = inputs.flatMap(
    (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  )
  const texts = [...new Set([...folders, 'node_modules/parquet-wasm'])].sort().map(licence)
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`)
}

const licence = async (folder: string): Promise<string> => {
  const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
  const read = (file: string) => readFile(`${folder}/${file}`, 'utf8').catch(() => undefined)
  const texts = await Promise.all(
    ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENSE_MIT'].map(read),
  )
  const text = texts.find((text) => text !== undefined) ?? (await licenceBeside(name))
  // Apache-2.0, 4 (d)
  const notice = await read('NOTICE.txt')
  return [`${name} ${version} (${license})`, text, ...(notice === undefined ? [] : [notice])].join(
    '\n\n',
  )
}

/** AWS's packages come from one repository with one licence, which not all of them hold. */
const licenceBeside = async (name: string): Promise<string> =>
  name.startsWith('@aws-sdk/') ? await readFile('node_modules/@aws-sdk/core/LICENSE', 'utf8') : ''
