import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { build, type Metafile, type Plugin } from 'esbuild'

/**
 * Builds `dist/`: the command's first file in a syntax that old Nodes read, the program bundled
 * into one file, and beside it parquet-wasm and AWS's credential chain, which few starts need. Nothing in it needs an installed package or the folders around it.
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

const chain = 'aws-credentials.js'

/** A module is loaded from a file beside the importing one, instead of being contained in it. */
const beside = (filter: RegExp, file: string): Plugin => ({
  name: `beside-${file}`,
  setup: ({ onResolve }) => onResolve({ filter }, () => ({ path: `./${file}`, external: true })),
})

/** Packages of CommonJS ask for Node's modules with `require`, which a module does not have. */
const requireForCommonJs =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"

/** What is in the bundle is published with it, so are its licences. */
const licences = async (metafiles: readonly Metafile[]): Promise<string> => {
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

await rm(dist, { recursive: true, force: true })
await mkdir(dist)
await build({
  ...shared,
  entryPoints: ['runtimes/cli.ts'],
  target: 'node14',
  plugins: [beside(/^\.\/command\.ts$/, program)],
})
const minified = {
  ...shared,
  target: 'node22',
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  banner: { js: requireForCommonJs },
} as const
const metafiles = [
  await build({
    ...minified,
    entryPoints: { [program.replace('.js', '')]: 'runtimes/command.ts' },
    plugins: [beside(/\/credential-chain\.ts$/, chain)],
  }),
  await build({
    ...minified,
    entryPoints: { [chain.replace('.js', '')]: 'runtimes/node/credential-chain.ts' },
  }),
].map(({ metafile }) => metafile)
await copyFile('node_modules/parquet-wasm/esm/parquet_wasm_bg.wasm', `${dist}/parquet_wasm_bg.wasm`)
// Modules, also where no other package.json says so.
await writeFile(`${dist}/package.json`, '{ "type": "module" }\n')
await writeFile(`${dist}/THIRD-PARTY-LICENSES.txt`, await licences(metafiles))
