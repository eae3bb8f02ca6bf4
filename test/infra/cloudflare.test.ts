// Protects infra/cloudflare.md and wrangler.toml: the program takes their variables, has the defaults, and says the lines and
// the words, that they name.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultOn } from '../../src/config/variable.ts'
import { variables } from '../../src/config/variables.ts'
import { readConfig } from '../../src/config.ts'
import { secretNames, secretsOnWorkers } from './secrets.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const page = read('infra/cloudflare.md')
const wrangler = read('wrangler.toml')
const sources = globSync(['src/**/*.ts', 'runtimes/**/*.ts'], { cwd: root }).map(read).join('')

/** `NAME = "value"`, also where it is commented out. */
const settingsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^(?:# )?(OTLP2PARQUET_\w+) = "(.*)"$/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  )

const [, file = '', rest = ''] =
  /```toml\n([\s\S]*?)```[\s\S]*```toml\n([\s\S]*?)```/.exec(page) ?? []
const secrets = { OTLP2PARQUET_AUTH_TOKENS: 'one' }
const active = settingsOf(wrangler.replaceAll(/^# .*$/gm, ''))

test.each([
  ['plain Parquet', {}, {}],
  ['the file catalog', settingsOf(file), { icebergCatalog: 'file' }],
  ["R2's own catalog", settingsOf(rest), { icebergWarehouse: 'ACCOUNT_otlp2parquet' }],
])('%s: the program takes the variables', (_, more, wanted) => {
  const config = readConfig({ ...active, ...secrets, ...more }, 'workers')
  expect(config).toMatchObject({ storageBackend: 'r2', r2Bucket: 'otlp2parquet', ...wanted })
})

test('wrangler.toml and the page name the same variables, and the bucket twice', () => {
  expect(settingsOf(wrangler)).toMatchObject({ ...settingsOf(file), ...settingsOf(rest) })
  expect(wrangler).toContain(`bucket_name = "${active.OTLP2PARQUET_R2_BUCKET}"`)
})

test('the Wrangler that was tried is the one that the tests run', () => {
  const { dependencies } = JSON.parse(read('test/interop/packages/wrangler/package.json'))
  const named = page.match(/(?<=npx wrangler@)[\d.]+\d/g)
  expect(named).toEqual([dependencies.wrangler])
  expect(page).toContain(`${dependencies.wrangler} was\ntried`)
})

test('no secret stands in wrangler.toml, not even as an example, and none of AWS', () => {
  const set = [...wrangler.matchAll(/^[#\s]*(\w+)\s*=/gm)].map(([, name = '']) => name)
  expect(set).toContain('OTLP2PARQUET_AUTH')
  const open = set.filter((name) => secretNames.includes(name) || name.startsWith('AWS_'))
  expect(open).toEqual([])
})

test('the page names every secret that a Worker may have, and nothing else is put as one', () => {
  const [section = ''] = /^\*\*Secrets\*\* never[\s\S]*?\n\n/m.exec(page) ?? []
  const named = section.match(/OTLP2PARQUET_\w+/g) ?? []
  expect(named.sort()).toEqual([...secretsOnWorkers].sort())
  const texts = [page, wrangler, read('README.md'), read('infra/verify-cloudflare.sh')]
  const put = texts.flatMap((text) => text.match(/(?<=secret put )OTLP2PARQUET_\w+/g) ?? [])
  expect(put.length).toBeGreaterThan(4)
  expect(put.filter((name) => !secretsOnWorkers.includes(name))).toEqual([])
})

test('defaults on Workers are those of the program, and all that differ are told', () => {
  const told = [...page.matchAll(/^\| `(OTLP2PARQUET_\w+)` \| `([^`]*)` \|/gm)]
  const differ = Object.values(variables)
    .filter((one) => defaultOn(one, 'workers') !== defaultOn(one, 'node'))
    .map((one) => [one.name, defaultOn(one, 'workers')])
  expect(told.map(([, name, value]) => [name, value]).sort()).toEqual(differ.sort())
})

test('lines of the log are such as the program writes', () => {
  const lines = [...page.matchAll(/^(\{"time".*\})$/gm)].map(([, line = '']) => JSON.parse(line))
  expect(lines.map(({ message }) => message)).toEqual([
    'swept',
    'metrics',
    'metrics',
    'cannot start',
  ])
  const said = lines.flatMap((line) => [line.message, ...Object.keys(line)])
  const unknown = said.filter((one) => !sources.includes(one.replace(/_seconds$/, '')))
  expect(unknown).toEqual([])
})

test('every message that is explained is one of the program', () => {
  const [, section = ''] = page.split('## When something is wrong')
  const quoted = [...section.matchAll(/`((?!npx |inline)[a-z][a-z ]+(?:[,:][a-z ]+)*)`/g)]
  expect(quoted.length).toBeGreaterThan(8)
  // What a catalog could not do stands in the message by a name.
  const texts = quoted.flatMap(([, text = '']) => text.replace(/^cannot (?=make )/, '').split(': '))
  expect(texts.filter((text) => !sources.includes(text))).toEqual([])
})
