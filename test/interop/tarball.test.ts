// Protects who installs the program: npm takes the tarball without what only its makers need, and the command runs on
// the user's own Node, or says in one line why not.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { runProgram, startProgram } from '../runtimes/program.ts'
import { ask } from '../tools/duckdb.ts'
import { here, nodePeer, run } from './programs.ts'

let folder = ''
const command = () => join(folder, 'node_modules/.bin/otlp2parquet')

/** The command as a shell finds it, where this Node is the first one. */
const on = (age: 'oldest' | 'too-old') => ({
  file: command(),
  command: [],
  cwd: folder,
  env: { PATH: `${dirname(nodePeer(age))}${delimiter}${process.env.PATH}` },
})

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-tarball-'))
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: here('') })
  const [tarball] = await readdir(folder)
  await run('npm', ['init', '--yes'], { cwd: folder })
  await installed(join(folder, tarball as string))
})

afterAll(() => rm(folder, { recursive: true }))

/** A registry may be out of reach for a moment. */
const installed = async (tarball: string, attempts = 3): Promise<void> => {
  const flags = ['--omit=dev', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['install', ...flags, tarball], { cwd: folder }).catch((error: unknown) => {
    if (attempts === 1) throw error
    return installed(tarball, attempts - 1)
  })
}

test('nothing is installed that only its makers need', async () => {
  const packages = await readdir(join(folder, 'node_modules'))
  expect(packages).toContain('hono')
  for (const name of Object.keys(manifest.devDependencies)) expect(packages).not.toContain(name)
})

test('the oldest Node that it is for: version, help, a request', async () => {
  const version = await run(nodePeer('oldest'), ['--version'])
  expect(version).toBe(`v${manifest.engines.node.replace('>=', '')}.0\n`)
  expect(await runProgram({ ...on('oldest'), args: ['--version'] })).toMatchObject({
    code: 0,
    stdout: `${manifest.version}\n`,
    stderr: '',
  })
  const help = await runProgram({ ...on('oldest'), args: ['--help'] })
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toContain('usage: otlp2parquet')
  const { url, folder: data, kill, ended } = await startProgram(on('oldest'))
  const body =
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"on my Node"}}]}]}]}'
  const headers = { 'content-type': 'application/json' }
  const { status } = await fetch(`${url}/v1/logs`, { method: 'POST', headers, body })
  expect(status).toBe(200)
  kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 0 })
  const rows = await ask("SELECT Body FROM 'data/logs/**/*.parquet'", data)
  expect(rows).toEqual([{ Body: 'on my Node' }])
})

test('an older Node: one line', async () => {
  const version = (await run(nodePeer('too-old'), ['--version'])).trim()
  expect(await runProgram({ ...on('too-old'), args: ['--version'] })).toMatchObject({
    code: 1,
    stdout: '',
    stderr: `otlp2parquet needs Node 22.12 or newer; this is ${version}\n`,
  })
})
