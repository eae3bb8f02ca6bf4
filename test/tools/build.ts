import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { build } from 'esbuild'
import { beside, bundled, licences, minified, wasmFile } from './bundle.ts'

/**
 * Builds `dist/`: the command's first file in a syntax that old Nodes read, the program bundled
 * into one file, and beside it parquet-wasm and AWS's credential chain, which few starts need. Nothing in it needs an installed package or the folders around it.
 */

const outdir = 'dist'
const program = 'otlp2parquet.js'
const chain = 'aws-credentials.js'

await rm(outdir, { recursive: true, force: true })
await mkdir(outdir)
await build({
  ...bundled,
  outdir,
  entryPoints: ['runtimes/cli.ts'],
  target: 'node14',
  plugins: [beside(/^\.\/command\.ts$/, program)],
})
const metafiles = [
  await build({
    ...minified,
    outdir,
    entryPoints: { [program.replace('.js', '')]: 'runtimes/command.ts' },
    plugins: [beside(/\/credential-chain\.ts$/, chain)],
  }),
  await build({
    ...minified,
    outdir,
    entryPoints: { [chain.replace('.js', '')]: 'runtimes/node/credential-chain.ts' },
  }),
].map(({ metafile }) => metafile)
await copyFile(wasmFile, `${outdir}/${basename(wasmFile)}`)
// Modules, also where no other package.json says so.
await writeFile(`${outdir}/package.json`, '{ "type": "module" }\n')
await writeFile(`${outdir}/THIRD-PARTY-LICENSES.txt`, await licences(metafiles))
