// Protects the matrix "Tried with" of infra/README.md: its versions are those that are installed, and its cells say what the
// tests' own lists say.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { groundOf } from '../faults/schedules.ts'
import { icebergDestinations } from '../interop/iceberg-destinations.ts'
import { icebergReaders } from '../interop/readers/iceberg-readers.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const [, section = ''] = /\n### Tried with\n([\s\S]*?)\n### /.exec(read('infra/README.md')) ?? []

/** The matrix: its rows' names as the tests have them, and their cells. */
const places = [
  'files on disk',
  'files on versitygw',
  'Java on disk',
  'Java on versitygw',
  'Nessie',
  'ministack',
]
const lines = section.split('\n').filter((line) => line.startsWith('|'))
const rows = lines.slice(2).map((line) => line.split('|').map((cell) => cell.trim()))
const column = (index: number) =>
  Object.fromEntries(places.map((name, i) => [name, rows[i]?.[index + 1]]))

/** What an object in a test's source says, by its keys: the strings or numbers of each list. */
const listed = (path: string, name: string): Record<string, string[]> => {
  const [, body = ''] =
    new RegExp(`const ${name}\\b[^=]*= \\{\\n([\\s\\S]*?)\\n\\}`).exec(read(path)) ?? []
  const found = [...body.matchAll(/^ {2}'?([^':]+)'?: \[(.*)\],$/gm)]
  return Object.fromEntries(
    found.map(([, key = '', list = '']) => [key, list.replaceAll("'", '').split(', ').sort()]),
  )
}

test('a row for each place in which tables are made', () => {
  expect(Object.keys(icebergDestinations).sort()).toEqual(places.toSorted())
  expect(rows).toHaveLength(places.length)
})

test('readers', () => {
  const source = read('test/interop/iceberg-tables.test.ts')
  for (const list of ['icebergDestinations', 'readers']) {
    expect(source).toContain(`.each(Object.entries(${list}))(`)
  }
  const own = Object.keys(icebergReaders)
  expect([...own, 'spark'].sort()).toEqual(['clickhouse', 'duckdb', 'java', 'pyiceberg', 'spark'])
  expect(column(2)).toEqual(Object.fromEntries(places.map((place) => [place, 'all five'])))
})

test('other writers', () => {
  const spelled: Record<string, string> = {
    pyiceberg: 'PyIceberg',
    duckdb: 'DuckDB',
    spark: 'Spark',
  }
  const others = listed('test/interop/iceberg-writers.test.ts', 'others')
  const said = Object.entries(column(3)).map(([place, cell = '']) => [
    place,
    cell
      .split(', ')
      .filter((name) => name !== '–' && name !== '`compact.py`')
      .sort(),
  ])
  const wanted = places.map((place) => [
    place,
    (others[place] ?? []).map((name) => spelled[name]).sort(),
  ])
  expect(said).toEqual(wanted)
  const compacted = [
    ...read('test/interop/maintenance.test.ts').matchAll(/\['([^']+)', compactFiles/g),
  ]
  const byHand = places.filter((place) => column(3)[place]?.includes('compact.py'))
  expect(byHand).toEqual(compacted.map(([, place]) => place))
})

test('faults', () => {
  const byProxy = new Set(Array.from({ length: 60 }, (_, seed) => groundOf(seed)))
  const wanted = places.map((place) => [
    place,
    byProxy.has(place) ? 'by proxy' : 'killed under load',
  ])
  expect(Object.entries(column(4))).toEqual(wanted)
})

test('programs that write one table at once', () => {
  const counts = listed('test/faults/writers.test.ts', 'counts')
  expect(Object.keys(counts)).not.toEqual([])
  for (const [place, cell = ''] of Object.entries(column(5))) {
    // On disk it may be said of processes that only commit, which are no programs.
    if (place in counts || !cell.includes('only commit'))
      expect([place, cell.split(', ').sort()]).toEqual([place, counts[place]])
  }
})

test('versions are those that are installed', () => {
  const folder = 'test/interop/packages'
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  const installed = files
    .filter((name) => /\.(txt|xml|json)$/.test(name))
    .map((name) => read(`${folder}/${name}`))
  const all = [...installed, read('test/interop/install.sh'), read('package.json')].join('\n')
  const version = (pattern: RegExp) => pattern.exec(all)?.[1]
  const programs: readonly (readonly [string, RegExp])[] = [
    ["Iceberg's Java REST server", /<iceberg>(.*?)</],
    ["Iceberg's Java library", /<iceberg>(.*?)</],
    ['Nessie', /<artifactId>nessie-quarkus<\/artifactId><version>(.*?)</],
    ['ministack', /^ministack==(.*)$/m],
    ['DuckDB', /^duckdb-extension-iceberg==(.*)$/m],
    ['PyIceberg', /^pyiceberg\[.*\]==(.*)$/m],
    ['chdb', /"chdb": "(.*?)"/],
    ['Spark', /^pyspark==(.*)$/m],
    ['versitygw', /^versitygw=v(.*)$/m],
    ['moto', /^moto\[.*\]==(.*)$/m],
  ]
  const flat = section.replaceAll('\n', ' ')
  for (const [name, pattern] of programs) {
    const said = [...flat.matchAll(new RegExp(`\\b${name} (\\d+(?:\\.\\d+)+)`, 'g'))].map(
      ([, one]) => one,
    )
    expect([name, [...new Set(said)]]).toEqual([name, [version(pattern)]])
  }
})

test.each(['infra/README.md', 'infra/maintenance/compact.py'])(
  '%s has compact.py run with the PyIceberg that is tried',
  (path) => {
    const installed = read('test/interop/packages/pyiceberg.txt')
    const version = /^pyiceberg\[.*\](==.*)$/m.exec(installed)?.[1]
    const said = [...read(path).matchAll(/pip install 'pyiceberg\[[^\]]*\](.*?)'/g)]
    expect(said.map(([, one]) => one)).toEqual([version])
  },
)
