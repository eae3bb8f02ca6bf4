/**
 * Protects the HTTP contract: every case of OTLP/HTTP, answered by the application in this process
 * and by the Node server, each answer decoded by the judge, and the rows that stand afterwards are
 * the records that were sent. `npm run contract -- URL` asks any other server the same.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { groups } from './cases/cases.ts'
import { problems } from './check.ts'
import { type Served, serveInProcess, serveOnNode } from './serve.ts'
import { storedProblems } from './stored.ts'

const servers = { 'in process': serveInProcess, Node: serveOnNode }

describe.each(Object.entries(servers))('%s', (_, serve) => {
  describe.each(groups)('$name', ({ cases, configuration }) => {
    let served: Served
    beforeAll(async () => {
      served = await serve(configuration)
    })
    afterAll(() => served.close())

    test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      const answer = await served.send(one.request)
      expect(problems(one, answer)).toEqual([])
      expect(storedProblems(one, await served.takeRows())).toEqual([])
    })
  })
})

test('there are at least 300 cases, each with a name of its own', () => {
  const names = groups.flatMap(({ name, cases }) => cases.map((one) => `${name}: ${one.name}`))
  expect(names.length).toBeGreaterThanOrEqual(300)
  expect(new Set(names).size).toBe(names.length)
})
