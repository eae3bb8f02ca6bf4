/**
 * Protects the Worker's start: Workers have no clock, no randomness, no timer and no network before the first request, so nothing
 * of the bundle asks for one as it is loaded. workerd refuses some of them, and tells time as 0.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleWorker, wasmName } from '../tools/bundle-worker.ts'

/** Takes away what only requests have, loads the bundle, and says what it has got. */
const loader = `
import * as crypto from 'node:crypto'
import { createRequire, syncBuiltinESMExports } from 'node:module'
const refuse = (name) => () => { throw new Error('asked for ' + name + ' as it was loaded') }
// Node's own modules are loaded before: what they ask for is no matter of ours.
for (const name of MODULES) await import(name)
const random = createRequire(import.meta.url)('node:crypto')
for (const name of Object.keys(crypto)) if (/^random[A-Z]/.test(name)) random[name] = refuse(name)
syncBuiltinESMExports()
const nothing = (name) => new Proxy({}, { get: (_, member) => refuse(name + '.' + String(member))() })
Object.defineProperty(globalThis, 'crypto', { value: nothing('crypto') })
globalThis.Date = new Proxy(Date, {
  get: (date, name) => (name === 'now' ? refuse('Date.now') : Reflect.get(date, name)),
  construct: (date, given) => given.length === 0 ? refuse('new Date()')() : new date(...given),
  apply: refuse('Date()'),
})
Math.random = refuse('Math.random')
performance.now = refuse('performance.now')
AbortSignal.timeout = refuse('AbortSignal.timeout')
for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'fetch']) globalThis[name] = refuse(name)
const worker = await import('./worker.mjs')
process.stdout.write(Object.keys(worker.default).sort().join())
`

let folder: string
let script: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-worker-'))
  const bundled = await bundleWorker()
  expect(bundled.script).toContain(JSON.stringify(wasmName))
  script = bundled.script.replace(JSON.stringify(wasmName), '"./wasm.mjs"')
  const modules = new Set(script.match(/"node:[\w/]+"/g))
  await writeFile(join(folder, 'wasm.mjs'), 'export default {}')
  await writeFile(join(folder, 'loader.mjs'), loader.replace('MODULES', `[${[...modules]}]`))
})
afterAll(() => rm(folder, { recursive: true }))

/** What the bundle, and what is put behind it, exports by default when it is loaded. */
const load = async (more = ''): Promise<string> => {
  await writeFile(join(folder, 'worker.mjs'), `${script}\n${more}`)
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'loader.mjs')])
  return stdout
}

test('is loaded without a clock, randomness, a timer or a network', async () => {
  expect(await load()).toBe('fetch,scheduled')
})

test.each([
  'Date.now',
  'new Date()',
  'Date()',
  'Math.random',
  'performance.now',
  'crypto.randomUUID',
  'crypto.getRandomValues',
  'AbortSignal.timeout',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
])('would be seen: %s', async (name) => {
  const call = name.endsWith(')') ? name : `${name}()`
  await expect(load(call)).rejects.toThrow(`asked for ${name} as it was loaded`)
})

test("would be seen: randomness of Node's", async () => {
  const more = 'import { randomUUID as uuid } from "node:crypto"; uuid()'
  await expect(load(more)).rejects.toThrow('asked for randomUUID as it was loaded')
})

test('a time that is given is none that is asked for', async () => {
  expect(await load('new Date(0).toISOString(); Date.UTC(2026)')).toBe('fetch,scheduled')
})
