/**
 * Protects the HTTP contract: every case of OTLP/HTTP, answered by the application in this process
 * and by the Node server. `npm run contract -- URL` asks any other server the same.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { groups } from './cases/cases.ts'
import { problems } from './check.ts'
import { sendOver, sendTo } from './send.ts'
import { optionsFor, serveOn } from './serve.ts'

describe.each(groups)('in process: $name', ({ cases, configuration }) => {
  const send = sendTo(createApp(optionsFor(configuration)).fetch)

  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    expect(problems(one, await send(one.request))).toEqual([])
  })
})

describe.each(groups)('Node: $name', ({ cases, configuration }) => {
  let server: Awaited<ReturnType<typeof serveOn>>
  beforeAll(async () => {
    server = await serveOn(optionsFor(configuration))
  })
  afterAll(() => server.close())

  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    expect(problems(one, await sendOver(server.url)(one.request))).toEqual([])
  })
})

test('there are at least 300 cases, each with a name of its own', () => {
  const names = groups.flatMap(({ name, cases }) => cases.map((one) => `${name}: ${one.name}`))
  expect(names.length).toBeGreaterThanOrEqual(300)
  expect(new Set(names).size).toBe(names.length)
})
