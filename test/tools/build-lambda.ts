import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { beside, builtinsWhenUsed, licences, minified, wasmFile } from './bundle.ts'
import { calledAtStart } from './called-at-start.ts'
import { hinted } from './compile-hints.ts'
import { zip } from './zip.ts'

/**
 * Builds the function for Lambda into a folder: `lambda/`, its code, and `lambda.zip`, the same as what is uploaded. The
 * handler is `lambda.handler`; what it begins with is a file of its own, the program another. Nothing in it needs what the
 * platform's runtime has besides Node. It is started some times on the way, beside stand-ins on this machine, for what it
 * calls then: one that cannot answer its first request is not built.
 *
 *   node test/tools/build-lambda.ts [folder]
 */

const { positionals } = parseArgs({ allowPositionals: true })
const [folder = 'infra/dist'] = positionals
const outdir = join(folder, 'lambda')
const program = 'otlp2parquet.mjs'
const chain = 'aws-credentials.mjs'
// Modules by their names: no package.json is there to say so.
const options = { ...minified, outdir, outExtension: { '.js': '.mjs' } }
// Packages as modules where they come as both: then nothing asks for `require`, and what they do not need is left out.
const modules = { ...options, banner: {}, mainFields: ['module', 'main'] }

await rm(outdir, { recursive: true, force: true })
await mkdir(outdir, { recursive: true })
await build({
  ...modules,
  entryPoints: ['runtimes/lambda.ts'],
  plugins: [beside(/^\.\/lambda\/start\.ts$/, program)],
})
const metafiles = [
  await build({
    ...modules,
    entryPoints: { [program.replace('.mjs', '')]: 'runtimes/lambda/start.ts' },
    // Wherever the program or a package names one of these globals, it gets ours.
    inject: ['fetch-api', 'web-crypto', 'performance'].map((name) => `runtimes/lambda/${name}.ts`),
    plugins: [beside(/\/credential-chain\.ts$/, chain), builtinsWhenUsed],
  }),
  await build({
    ...options,
    // Nobody reads its stacks.
    minifyIdentifiers: true,
    entryPoints: { [chain.replace('.mjs', '')]: 'runtimes/node/credential-chain.ts' },
  }),
].map(({ metafile }) => metafile)
await copyFile(wasmFile, join(outdir, basename(wasmFile)))
await hint(program)
await copyFile('LICENSE', join(outdir, 'LICENSE'))
await writeFile(join(outdir, 'THIRD-PARTY-LICENSES.txt'), await licences(metafiles))

const names = (await readdir(outdir)).sort()
const files = names.map(async (name) => ({ name, bytes: await readFile(join(outdir, name)) }))
await writeFile(join(folder, 'lambda.zip'), zip(await Promise.all(files)))

/** What a cold start calls is compiled when the file is read. */
async function hint(file: string): Promise<void> {
  const path = join(outdir, file)
  const called = await calledAtStart(outdir, file)
  await writeFile(
    path,
    hinted(await readFile(path, 'utf8'), (start) => called.has(start)),
  )
}
