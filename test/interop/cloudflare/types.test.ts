/**
 * Protects the Worker from what Workers do not have: it is checked against the platform's own types, which workerd itself makes
 * for the date and the flags of `wrangler.toml`, without a browser's and without Node's.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { here, run, wrangler } from '../programs.ts'

/** What is handed to the Worker is what it takes, and it is what Workers call. */
const uses = `
import worker from '${here('runtimes/cloudflare.ts')}'
import type { ExecutionContext as Used } from '${here('runtimes/cloudflare/isolate.ts')}'
import type { R2Binding } from '${here('src/storage/r2-binding.ts')}'
export const binding = (bucket: R2Bucket): R2Binding => bucket
export const context = (given: ExecutionContext): Used => given
export const handlers: ExportedHandler<{ BUCKET: R2Bucket }> = worker
`

/** Of Node's: modules that `nodejs_compat` brings, and their types. Whatever else is used would not be there. */
const ofNode = [
  "runtimes/shared/content-codings.ts 'Buffer'",
  "runtimes/shared/content-codings.ts 'NodeJS'",
  "runtimes/shared/content-codings.ts 'node:util'",
  "runtimes/shared/content-codings.ts 'node:zlib'",
  "runtimes/shared/sha256.ts 'node:crypto'",
]

/** Workers take a decoder's options one by one; their types want all of them. */
const isMistaken = (line: string): boolean => line.includes("'TextDecoderConstructorOptions'")

test("Workers' own types hold, and of Node's modules no others are used than are there", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-types-'))
  const env = { WRANGLER_SEND_METRICS: 'false', CI: '1' }
  await run(wrangler, ['types', '--include-env=false', join(folder, 'workers.d.ts')], { env })
  await writeFile(join(folder, 'uses.mts'), uses)
  const config = {
    extends: here('runtimes/cloudflare/tsconfig.json'),
    files: ['workers.d.ts', 'uses.mts'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const printed = await run(here('node_modules/.bin/tsc'), [
    '--pretty',
    'false',
    '-p',
    folder,
  ]).catch((error: Error) => error.message)
  await rm(folder, { recursive: true })
  const errors = printed.split('\n').filter((line) => /: error TS\d+: /.test(line))
  const node = /^(.*?)\(.*error TS25(?:91|03): Cannot find (?:name|namespace) ('.*?')\./
  const missing = errors.flatMap((line) => {
    const [, file, name] = node.exec(line) ?? []
    return name === undefined ? [] : [`${file} ${name}`]
  })
  expect([...new Set(missing)].sort()).toEqual(ofNode)
  expect(errors.filter((line) => !node.test(line) && !isMistaken(line))).toEqual([])
})
