import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { build, type Metafile, type Plugin } from 'esbuild'

/**
 * Builds `dist/`: the command's first file in a syntax that old Nodes read, the program bundled
 * into one file, and parquet-wasm beside it. Nothing in it needs an installed package or the folders around it.
 */

const dist = 'dist'
const program = 'otlp2parquet.js'

const shared = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  outdir: dist,
  legalComments: 'none',
  logLevel: 'warning',
} as const

/** The first file loads the program from beside itself instead of containing it. */
const programBeside: Plugin = {
  name: 'program-beside',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\/command\.ts$/ }, () => ({ path: `./${program}`, external: true })),
}

/** Packages of CommonJS ask for Node's modules with `require`, which a module does not have. */
const requireForCommonJs =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"

/** What is in the bundle is published with it, so are its licences. */
const licences = async ({ inputs }: Metafile): Promise<string> => {
  const folders = Object.keys(inputs).flatMap(
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
  const text = texts.find((text) => text !== undefined) ?? ''
  // Apache-2.0, 4 (d)
  const notice = await read('NOTICE.txt')
  return [`${name} ${version} (${license})`, text, ...(notice === undefined ? [] : [notice])].join(
    '\n\n',
  )
}

await rm(dist, { recursive: true, force: true })
await mkdir(dist)
await build({
  ...shared,
  entryPoints: ['runtimes/cli.ts'],
  target: 'node14',
  plugins: [programBeside],
})
const { metafile } = await build({
  ...shared,
  entryPoints: { [program.replace('.js', '')]: 'runtimes/command.ts' },
  target: 'node22',
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  banner: { js: requireForCommonJs },
})
await copyFile('node_modules/parquet-wasm/esm/parquet_wasm_bg.wasm', `${dist}/parquet_wasm_bg.wasm`)
// Modules, also where no other package.json says so.
await writeFile(`${dist}/package.json`, '{ "type": "module" }\n')
await writeFile(`${dist}/THIRD-PARTY-LICENSES.txt`, await licences(metafile))
