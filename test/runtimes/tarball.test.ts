// Protects what users install: the tarball alone, without a package beside it, is the whole program, and is small.
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { ask } from '../tools/duckdb.ts'
import { root, runProgram, startProgram, temporaryFolder } from './program.ts'

const execute = promisify(execFile)

/** The packed program may measure this much, in bytes. */
const maxPacked = 5_000_000

/** npm, with the Node that runs the tests. */
const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
const npm = async (cwd: string, ...args: string[]): Promise<string> =>
  (await execute('npm', args, { cwd, env: { ...process.env, PATH } })).stdout

/** What `npm pack --json` says of a tarball. */
interface Packed {
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

let packed: Packed
let folder: string
const installed = () => join(folder, 'node_modules/.bin/otlp2parquet')
const command = () => ({ file: installed(), command: [], env: { PATH }, cwd: folder })

/** What npm would do with it, but for the packages that it names: the bundle has to do without. */
const unpack = async (tarball: string): Promise<void> => {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  await execute('tar', ['-xzf', tarball, '-C', modules])
  renameSync(join(modules, 'package'), join(modules, manifest.name))
  for (const [name, path] of Object.entries(manifest.bin)) {
    symlinkSync(join('..', manifest.name, path), join(modules, '.bin', name))
  }
}

beforeAll(async () => {
  folder = join(temporaryFolder(), 'somewhere else')
  mkdirSync(folder)
  const told = await npm(root, 'pack', '--json', '--silent', '--pack-destination', folder)
  packed = Object.values<Packed>(JSON.parse(told.slice(told.search(/^[[{]/m))))[0] as Packed
  await unpack(join(folder, packed.filename))
})

describe('the tarball', () => {
  test('is small, and holds the bundle with what belongs to it', () => {
    expect(packed.size).toBeLessThan(maxPacked)
    expect(packed.files.map(({ path }) => path).sort()).toEqual([
      'LICENSE',
      'README.md',
      'dist/THIRD-PARTY-LICENSES.txt',
      'dist/aws-credentials.js',
      'dist/cli.js',
      'dist/otlp2parquet.js',
      'dist/package.json',
      'dist/parquet_wasm_bg.wasm',
      'package.json',
    ])
  })

  test('has the licence of everything that is in it', () => {
    const path = join(folder, 'node_modules/otlp2parquet/dist/THIRD-PARTY-LICENSES.txt')
    const licences = readFileSync(path, 'utf8').split(/^-{80}$/m)
    const short = licences.filter((text) => text.trim().length < 500).map((text) => text.trim())
    expect(short).toEqual([])
    for (const name of Object.keys(manifest.dependencies)) {
      expect(
        licences.some((text) => text.trim().startsWith(`${name} `)),
        name,
      ).toBe(true)
    }
  })
})

describe('the installed command', () => {
  test('--version', async () => {
    const ended = await runProgram({ ...command(), args: ['--version'] })
    expect(ended).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  test('--help', async () => {
    const { code, stdout } = await runProgram({ ...command(), args: ['--help'] })
    expect(code).toBe(0)
    expect(stdout).toContain('usage: otlp2parquet')
  })

  test('a wrong variable', async () => {
    const env = { PATH, OTLP2PARQUET_DEDUPE: 'maybe' }
    const { code, stderr } = await runProgram({ ...command(), env })
    expect(stderr).toBe('otlp2parquet: OTLP2PARQUET_DEDUPE: must be on or off\n')
    expect(code).toBe(1)
  })

  test('takes a request, counts it, writes it, and stops', async () => {
    const { url, folder: data, kill, ended } = await startProgram(command())
    const headers = { 'content-type': 'application/json' }
    const body =
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"packed"}}]}]}]}'
    const answer = await fetch(`${url}/v1/logs`, { method: 'POST', headers, body })
    expect(answer.status).toBe(200)
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'otlp2parquet_records_total{signal="logs"} 1',
    )
    kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0 })
    const file = "'data/logs/**/*.parquet'"
    expect(await ask(`SELECT Body FROM ${file}`, data)).toEqual([{ Body: 'packed' }])
    const footer = await ask(`SELECT created_by FROM parquet_file_metadata(${file})`, data)
    expect(footer).toEqual([{ created_by: `otlp2parquet version ${manifest.version}` }])
  })

  const older = ['22.11.0', '20.19.5', '18.20.0', '16.20.2'] as const
  test.each(older)('on Node %s: one line', async (version) => {
    const pretend = `Object.defineProperties(process, { version: { value: 'v${version}' },
      versions: { value: { ...process.versions, node: '${version}' } } })`
    const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, installed()]
    expect(await runProgram({ command: args, args: ['--version'] })).toMatchObject({
      stderr: `otlp2parquet needs Node 22.12 or newer; this is v${version}\n`,
      stdout: '',
      code: 1,
    })
  })
})
