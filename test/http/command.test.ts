// Protects `npm run contract`: its exit code and last line say whether a server keeps the contract.
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { serveOnNode } from './serve.ts'

const command = fileURLToPath(new URL('contract.ts', import.meta.url))

const contract = (...args: readonly string[]) =>
  new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [command, ...args], (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, out, err }),
    )
  })

const group = ['--group', 'JSON lines']
const lastLine = (out: string) => out.trim().split('\n').at(-1)

test('a server that keeps it, asked with credentials: 0, and what was left out', async () => {
  const { url, close } = await serveOnNode({ auth: { kind: 'bearer', tokens: ['t'] } })
  const { code, out } = await contract(url, ...group, '--header', 'Authorization: Bearer t')
  await close()
  expect(lastLine(out)).toMatch(/^22 passed, 0 failed, \d+ left out: they need a server configured/)
  expect(code).toBe(0)
})

test('a server that says 200 to everything: 1, and each case with what is wrong', async () => {
  const server = createServer((_, outgoing) => outgoing.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const { code, out } = await contract(`http://127.0.0.1:${port}`, ...group)
  server.close()
  expect(out).toContain('FAILED JSON lines: lines: one is cut: status 200 instead of 400')
  expect(lastLine(out)).toMatch(/^0 passed, 22 failed/)
  expect(code).toBe(1)
})

test.each([
  ['no URL', [], /give one URL/],
  ['an unknown group', ['http://127.0.0.1:1', '--group', 'x'], /no such group/],
  ['a header without a name', ['http://127.0.0.1:1', '--header', 'x'], /NAME: TEXT/],
])('%s: 2, and what is wrong', async (_, args, words) => {
  const { code, err } = await contract(...args)
  expect(err).toMatch(words)
  expect(code).toBe(2)
})

test('--help says how', async () => {
  const { code, out } = await contract('--help')
  expect(out).toMatch(/^usage: npm run contract -- URL/)
  expect(code).toBe(0)
})
