// Protects the README: its commands run as they stand, and what it lists is what the program has.
import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Server, startServer } from './interop/server.ts'
import { ask } from './tools/duckdb.ts'
import { codeBlocks, generated, readmePath } from './tools/readme.ts'

const root = dirname(readmePath)
const readme = readFileSync(readmePath, 'utf8')
const longer = readFileSync(join(root, 'infra/README.md'), 'utf8')
const aws = readFileSync(join(root, 'infra/aws.md'), 'utf8')
const cloudflare = readFileSync(join(root, 'infra/cloudflare.md'), 'utf8')

/** Every page for users, by its path, with the folder from which it points elsewhere. */
const pages: readonly (readonly [path: string, text: string, folder: string])[] = [
  ['README.md', readme, root],
  ['infra/README.md', longer, join(root, 'infra')],
  ['infra/aws.md', aws, join(root, 'infra')],
  ['infra/cloudflare.md', cloudflare, join(root, 'infra')],
]

let server: Server
beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => {
  await server.stop()
  await rm(server.folder, { recursive: true })
})

/** A shell block of the README, with the server's address for the default one. */
const shell = async (start: string): Promise<string> => {
  const [code = ''] = codeBlocks(readme, 'sh').filter((block) => block.startsWith(start))
  const own = code.replaceAll('http://127.0.0.1:4318', server.url)
  return (await promisify(execFile)('bash', ['-ec', own])).stdout
}

const query = (): string => {
  const [, sql = ''] = /duckdb -c "([^"]*)"/.exec(readme) ?? []
  return sql
}

test('the curl and the query: sent twice, it is one row', async () => {
  expect(await shell('curl ')).toBe('{}')
  expect(await shell('curl ')).toBe('{}')
  expect(await ask(query(), server.folder)).toEqual([
    {
      Timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d /),
      ServiceName: 'shop',
      SeverityText: 'INFO',
      Body: 'hello, lake',
    },
  ])
})

test('send.sh, then the other query', async () => {
  await promisify(execFile)(join(root, 'infra/samples/send.sh'), [server.url])
  const [sql = ''] = codeBlocks(readme, 'sql')
  expect(await ask(sql, server.folder)).toEqual([
    { SpanName: 'POST /checkout', Spans: '5', AvgMs: 3250, MaxMs: 3250 },
    { SpanName: 'place order', Spans: '5', AvgMs: 3100, MaxMs: 3100 },
    { SpanName: 'charge card', Spans: '5', AvgMs: 2800, MaxMs: 2800 },
    { SpanName: 'GET /menu', Spans: '10', AvgMs: 16, MaxMs: 20 },
  ])
})

test('the lists are those of the sources: node test/tools/readme.ts', () => {
  expect(generated(readme)).toBe(readme)
})

test.each(pages)('%s: what it points to is there', (_, text, folder) => {
  const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path]) => path ?? '')
  const paths = [...text.matchAll(/`((?:test|infra)\/[\w./-]*)`/g)].map(([, path]) => path ?? '')
  expect(links.length + paths.length).toBeGreaterThan(5)
  expect(links.filter((path) => !existsSync(join(folder, path)))).toEqual([])
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

/** The names by which GitHub links to a page's headings. */
const anchors = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

test.each(pages)('%s: the headings it points to are there', (name, text, folder) => {
  const links = [...text.matchAll(/\]\(([^)#:]*)#([^)]*)\)/g)]
  const broken = links.filter(([, path, anchor = '']) => {
    const page = path ? join(folder, path) : join(root, name)
    return !anchors(page).includes(anchor)
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

test('every command of npm that they name is one', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const named = [
    ...pages
      .map(([, text]) => text)
      .join('\n')
      .matchAll(/npm (?:run )?(start|test|(?<=run )[\w:]+)/g),
  ]
  expect(named.map(([, name]) => name).filter((name) => !(String(name) in scripts))).toEqual([])
})

test('every metric is explained', async () => {
  const response = await fetch(`${server.url}/metrics`)
  const names = [...(await response.text()).matchAll(/^# TYPE (otlp2parquet_\w+)/gm)]
  expect(names.length).toBeGreaterThan(5)
  expect(names.map(([, name]) => name).filter((name) => !longer.includes(`\`${name}\``))).toEqual(
    [],
  )
})

test('every message that is explained is one of the program', () => {
  const files = globSync(['src/**/*.ts', 'runtimes/**/*.ts'], { cwd: root })
  const sources = files.map((file) => readFileSync(join(root, file), 'utf8')).join('')
  const [, section = ''] = longer.split('## When something is wrong')
  const explained = [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, message = '']) => message.split(/…|: /)),
  )
  // What cannot be read stands in the message as a name.
  const texts = explained
    .map((text) => text.trim().replace(/^(cannot read) .*/, '$1'))
    .filter((text) => !text.startsWith('OTLP2PARQUET_'))
  expect(texts.length).toBeGreaterThan(20)
  expect(texts.filter((text) => !sources.includes(text))).toEqual([])
})
