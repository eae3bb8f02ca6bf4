// Protects: every room knows its neighbours only, no import goes round in a circle, and what the
// application is made of runs on Node, Lambda and Workers alike.

import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { brokenRules, cycles, reachable, rooms, unportableParts } from './rooms.ts'
import { readSource } from './source.ts'
import { invent, readProgram } from './tree.ts'

const program = readProgram()

describe('who imports whom', () => {
  test('in this program: as drawn', () => {
    expect(brokenRules(program)).toEqual([])
  })

  test.each([
    ['a neighbour is fine', 'src/otlp/a.ts', "import { b } from '../tables/b.ts'", []],
    ['so is what everyone may', 'src/arrow/a.ts', "import { b } from '../errors.ts'", []],
    [
      'not the other way round',
      'src/arrow/a.ts',
      "import { b } from '../tables/b.ts'",
      ['src/tables/b.ts'],
    ],
    ['types too', 'src/parquet/a.ts', "import type { B } from '../otlp/b.ts'", ['src/otlp/b.ts']],
    ['dynamic imports', 'src/tables/a.ts', "await import('../http/b.ts')", ['src/http/b.ts']],
    ['computed ones', 'src/tables/a.ts', 'await import(name)', ['?']],
    ['re-exports', 'src/otlp/a.ts', "export { b } from '../app.ts'", ['src/app.ts']],
    [
      'all of them',
      'src/otlp/a.ts',
      "export * from '../../runtimes/node.ts'",
      ['runtimes/node.ts'],
    ],
    ['for effect', 'src/otlp/a.ts', "import '../parquet/b.ts'", ['src/parquet/b.ts']],
    ['a package of another room', 'src/otlp/a.ts', "import v from 'valibot'", ['valibot']],
    ['a backend', 'src/storage/memory.ts', "import './fs.ts'", ['src/storage/fs.ts']],
    ['a backend from ingest', 'src/ingest.ts', "import './storage/fs.ts'", ['src/storage/fs.ts']],
    [
      'a part of a backend from another',
      'src/storage/fs.ts',
      "import './s3-xml.ts'",
      ['src/storage/s3-xml.ts'],
    ],
    ['but its own parts', 'src/storage/s3.ts', "import './s3-xml.ts'", []],
    [
      'what everyone may import knows nobody',
      'src/errors.ts',
      "import './ingest.ts'",
      ['src/ingest.ts'],
    ],
  ])('%s', (_, path, text, broken) => {
    expect(brokenRules(invent({ [path]: text }))).toEqual(broken.map((to) => `${path} → ${to}`))
  })

  test('a file outside every room', () => {
    expect(brokenRules(invent({ 'src/utils.ts': '' }))).toEqual(['src/utils.ts: in no room'])
  })

  test('every package is among the dependencies, so that whoever leaves the others out can run it', () => {
    const packages = Object.values(rooms)
      .flat()
      .filter((name) => !/^(src|node:|package\.json)/.test(name))
    const known = Object.keys(manifest.dependencies).map((name) =>
      name.replace(/(?<=^@[^/]+)\/.*/, ''),
    )
    expect([...new Set(packages)].filter((name) => !known.includes(name))).toEqual([])
  })
})

describe('cycles', () => {
  test('in this program: none', () => {
    expect(cycles(program)).toEqual([])
  })

  test('a cycle is found, by types and re-exports too', () => {
    const sources = invent({
      'src/a.ts': "import type { B } from './b.ts'",
      'src/b.ts': "export * from './c.ts'",
      'src/c.ts': "import('./a.ts')",
      'src/d.ts': "import './a.ts'",
    })
    expect(cycles(sources)).toEqual(['src/a.ts → src/b.ts → src/c.ts → src/a.ts'])
  })
})

describe('what runs everywhere', () => {
  test('no file of src/ but the disk backend asks for what only one runtime has', () => {
    const portable = program.filter(({ path }) => /^src\/(?!storage\/fs)/.test(path))
    expect(portable.flatMap(unportableParts)).toEqual([])
  })

  test('src/app.ts and src/ingest.ts do not reach the disk backend', () => {
    const reached = ['src/app.ts', 'src/ingest.ts'].flatMap((path) => reachable(program, path))
    expect(reached.length).toBeGreaterThan(5)
    expect(reached.flatMap(unportableParts)).toEqual([])
  })

  test.each([
    ['process.env', ['process']],
    ['typeof Buffer', ['Buffer']],
    ['eval("1")', ['eval']],
    ['new Function("1")', ['Function']],
    ['globalThis.x', ['globalThis']],
    ['typeof navigator === "undefined"', ['navigator']],
    ["import { x } from 'node:fs'", ['import node:fs']],
    ["import('node:fs')", ['import node:fs']],
    ['a.process', []],
    ['a[process]', ['process']],
    ['const a = { Buffer: 1 }', []],
    ['const a = { Buffer }', ['Buffer']],
    ['const f = (process: number) => process', []],
    ['({ process, b: [Buffer] = [], ...eval }) => [process, Buffer, eval]', []],
    ['({ process: a }) => process', ['process']],
    ['try {} catch (process) {}', []],
    ["import { Buffer } from 'apache-arrow/fb/buffer'; Buffer.x()", []],
    ["import { Buffer as Region } from './a.ts'; Region.x()", []],
  ])('%s', (text, found) => {
    const source = readSource('src/a.ts', text)
    expect(unportableParts(source)).toEqual(found.map((what) => `src/a.ts: ${what}`))
  })

  test('with its packages, the program bundles for a platform that has nothing of its own', async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [
        'src/app.ts',
        'src/ingest.ts',
        'src/config.ts',
        'src/parquet/encoder.ts',
        'src/storage/s3.ts',
      ],
      bundle: true,
      write: false,
      outdir: 'out',
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      metafile: true,
      logLevel: 'silent',
    })
    const external = Object.values(metafile.outputs).flatMap(({ imports }) => imports)
    expect(external).toEqual([])
    const forbidden = ['eval', 'Function', 'require', 'process', 'Buffer']
    for (const { path, text } of outputFiles) {
      const { globals } = readSource(path.replace(/.*\//, ''), text)
      expect(forbidden.filter((name) => globals.has(name))).toEqual([])
    }
  })
})
