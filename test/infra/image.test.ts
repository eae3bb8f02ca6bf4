// Protects the image, without a container runtime: what the Dockerfile copies is enough to build and run, in its environment, by its commands.
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort, here, type Service, serve } from '../interop/programs.ts'

const dockerfile = readFileSync(here('infra/Dockerfile'), 'utf8')
const ignore = readFileSync(here('infra/Dockerfile.dockerignore'), 'utf8')

/** An instruction in exec form: a program and its arguments. */
const command = (instruction: string, text: string): readonly [string, ...string[]] => {
  const [, json = ''] = new RegExp(`^${instruction}[^[]*(\\[.*\\])$`, 'm').exec(text) ?? []
  return JSON.parse(json)
}

const environment = (text: string): Record<string, string> => {
  const [, lines = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(text) ?? []
  return Object.fromEntries(
    [...lines.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  )
}

const folder = mkdtempSync(join(tmpdir(), 'image-'))
const [context, image, data] = [join(folder, 'build'), join(folder, 'app'), join(folder, 'data')]
let server: Service
let own = ''

beforeAll(async () => {
  for (const [, path = ''] of ignore.matchAll(/^!(.*)$/gm)) {
    cpSync(here(path), join(context, path), { recursive: true })
  }
  symlinkSync(here('node_modules'), join(context, 'node_modules'))
  await promisify(execFile)(process.execPath, ['test/tools/build.ts'], { cwd: context })
  for (const [, from = '', to = ''] of dockerfile.matchAll(
    /^COPY --from=build \/build\/(\S+) (\S+)$/gm,
  )) {
    const target = to.endsWith('/') ? join(image, to, from) : join(image, to)
    cpSync(join(context, from), target, { recursive: true })
  }
  const port = await freePort()
  // Only where it listens and writes is not as in a container.
  own = dockerfile.replaceAll('4318', String(port)).replaceAll('0.0.0.0', '127.0.0.1')
  const [, ...args] = command('CMD', own)
  const env = {
    ...environment(own),
    OTLP2PARQUET_STORAGE_PATH: data,
    OTLP2PARQUET_AUTH: 'bearer',
    OTLP2PARQUET_AUTH_TOKENS: 'one',
  }
  const at = args.map((arg) => arg.replace('dist/', `${image}/dist/`))
  server = await serve(process.execPath, at, { port, ready: '/ready', env })
})
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true })
})

test('it says that it is healthy, stores what it gets, and ends with 0', async () => {
  const [, ...check] = command(' +CMD', own)
  await promisify(execFile)(process.execPath, check)
  const response = await fetch(`${server.url}/v1/logs`, {
    method: 'POST',
    headers: { authorization: 'Bearer one', 'content-type': 'application/json' },
    body: '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}',
  })
  expect(response.status).toBe(200)
  expect(readdirSync(join(data, 'logs'))).toEqual(['unknown_service'])
  expect(await server.stop()).toBe(0)
  await expect(promisify(execFile)(process.execPath, check)).rejects.toMatchObject({ code: 1 })
})

test('it holds the bundle alone', () => {
  expect(readdirSync(image).sort()).toEqual(['dist'])
  expect(existsSync(join(image, 'dist/cli.js'))).toBe(true)
})
