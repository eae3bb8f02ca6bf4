// Protects the judge of faults: the proxy does to calls what it is told, and its log says so.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Deed, type FaultProxy, type Reply, startFaultProxy } from './proxy.ts'

let done: string[]
let deeds: Deed[]
let proxy: FaultProxy
let stop: () => void

beforeEach(async () => {
  done = []
  deeds = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      done.push(`${request.method} ${request.headers.host === proxy.url.slice(7)} ${body}`)
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(`{"of":"http://real","count":${done.length}}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  proxy = await startFaultProxy({
    target,
    decide: () => deeds.shift() ?? { do: 'pass' },
    rewrite: { 'http://real': 'http://proxy' },
  })
  stop = () => server.close()
})
afterEach(async () => {
  await proxy.stop()
  stop()
})

/** The answer to a request of the whole body `12345678`, or `cut` where it does not come whole. */
const ask = (method = 'POST'): Promise<string> =>
  fetch(`${proxy.url}/path`, { method, ...(method === 'POST' && { body: '12345678' }) })
    .then(async (response) => `${response.status} ${await response.text()}`)
    .catch(() => 'cut')

const reply: Reply = { status: 503, headers: {}, body: Buffer.from('busy'), code: 'Busy' }
const first = '200 {"of":"http://proxy","count":1}'

/** What happens, what the client sees, how often the server did it, and what the log says of both. */
const cases: [Deed, string, number, number | null, number | null][] = [
  [{ do: 'pass' }, first, 1, 200, 200],
  [{ do: 'drop' }, 'cut', 0, null, null],
  [{ do: 'tear' }, 'cut', 0, null, null],
  [{ do: 'lose' }, 'cut', 1, 200, null],
  [{ do: 'cut' }, 'cut', 1, 200, 200],
  [{ do: 'delay', ms: 20 }, first, 1, 200, 200],
  [{ do: 'linger', ms: 20 }, first, 1, 200, 200],
  [{ do: 'hold', ms: 20 }, 'cut', 1, 200, null],
  [{ do: 'refuse', reply }, '503 busy', 0, null, 503],
  [{ do: 'deny', reply }, '503 busy', 1, 200, 503],
  [{ do: 'twice' }, '200 {"of":"http://proxy","count":2}', 2, 200, 200],
]
it.each(cases)('%o', async (deed, answer, times, landed, answered) => {
  deeds = [deed]
  expect(await ask()).toBe(answer)
  await proxy.landed()
  expect(done).toEqual(Array.from({ length: times }, () => 'POST true 12345678'))
  expect(proxy.log).toMatchObject([
    { method: 'POST', path: '/path', body: '12345678', deed: deed.do, landed, answered },
  ])
  const [call] = proxy.log
  expect(call?.code).toBe('reply' in deed ? 'Busy' : null)
  // What is done later is so in the log.
  const wait = deed.do === 'delay' || deed.do === 'hold' ? deed.ms - 5 : 0
  expect(landed === null || (call?.landedAt ?? -1) - (call?.at ?? 0) >= wait).toBe(true)
})

it('replays the oldest answer to the same call, whatever it would be now', async () => {
  deeds = [{ do: 'replay' }, { do: 'pass' }, { do: 'replay' }]
  const answers = [await ask('GET'), await ask('GET'), await ask('GET')]
  expect(answers).toEqual([first, first.replace('1}', '2}'), first])
  expect(proxy.log.map(({ stale }) => stale)).toEqual([false, false, true])
})

it('lets others in before a call', async () => {
  deeds = [{ do: 'pass', before: async () => void done.push('others') }]
  await ask('GET')
  expect(done).toEqual(['others', 'GET true '])
})
