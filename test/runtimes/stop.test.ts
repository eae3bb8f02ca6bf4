// Protects a stop: no request that was begun is cut, nothing acknowledged is lost, and whoever insists is obeyed at once.
import { readdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ask } from '../tools/duckdb.ts'
import { startProgram, waitingStorage } from './program.ts'
import { connectTo } from './raw-http.ts'

/** One log record whose body is this number. */
const record = (id: number): string =>
  JSON.stringify({
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: `${id}` } }] }] }],
  })

const head = (length: number): string =>
  'POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
  `Content-Length: ${length}\r\n\r\n`

/** The bodies of all stored records, as numbers. */
const storedIn = async (folder: string): Promise<number[]> => {
  const rows = await ask("SELECT Body FROM 'data/logs/**/*.parquet'", folder)
  return rows.map(({ Body }) => Number(Body)).sort((a, b) => a - b)
}

const temporaries = (folder: string): string[] => readdirSync(`${folder}/.tmp`)

const untilWriting = async (folder: string): Promise<void> => {
  while (temporaries(folder).length === 0) await sleep(5)
}

const signals = ['SIGINT', 'SIGTERM'] as const

describe.each(signals)('%s', (signal) => {
  test('a request that is being stored and one that is still arriving are answered', async () => {
    const { command, goOn } = waitingStorage()
    const { url, folder, kill, until, ended } = await startProgram({ command })
    const [whole, half] = await Promise.all([connectTo(url), connectTo(url)])
    half.send(head(record(2).length) + record(2).slice(0, 10))
    whole.send(head(record(1).length) + record(1))
    await untilWriting(folder)
    kill(signal)
    await until('stderr', /stopping/)
    half.send(record(2).slice(10))
    goOn()
    expect(await whole.all).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close\r\n/i)
    expect(await half.all).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close\r\n/i)
    expect(await ended).toMatchObject({ code: 0, signal: null })
    expect(await storedIn(folder)).toEqual([1, 2])
    expect(temporaries(folder)).toEqual([])
  })

  test('a second one ends it at once', async () => {
    const { command } = waitingStorage()
    const { url, folder, kill, until, ended } = await startProgram({ command })
    const connection = await connectTo(url)
    connection.send(head(record(1).length) + record(1))
    await untilWriting(folder)
    kill(signal)
    await until('stderr', /stopping/)
    kill(signal)
    expect(await ended).toMatchObject({ code: signal === 'SIGINT' ? 130 : 143, signal: null })
    expect(await connection.all).toBe('')
  })
})

/** Sends records one after another until nobody listens any more; notes those that were acknowledged. */
const sendUntilRefused = async (
  url: string,
  lane: number,
  acknowledged: number[],
): Promise<void> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let i = 0; ; i++) {
    const id = lane * 1_000_000 + i
    const outcome = await post(url, record(id), agent)
    if (outcome === 'ECONNREFUSED') return
    expect(outcome).toBe(200)
    acknowledged.push(id)
  }
}

/** The status of an answer, or the code of what happened instead. */
const post = (url: string, body: string, agent: Agent): Promise<number | string | undefined> =>
  new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' }
    const sent = request(`${url}/v1/logs`, { method: 'POST', headers, agent }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code)).end(body)
  })

test('under load: every request is answered until nobody listens, and what was acknowledged is there, once', async () => {
  const { url, folder, kill, ended } = await startProgram()
  const acknowledged: number[] = []
  const lanes = Array.from({ length: 8 }, (_, i) => sendUntilRefused(url, i + 1, acknowledged))
  while (acknowledged.length < 50) await sleep(5)
  kill('SIGTERM')
  await Promise.all(lanes)
  expect(await ended).toMatchObject({ code: 0 })
  expect(await storedIn(folder)).toEqual(acknowledged.sort((a, b) => a - b))
  expect(temporaries(folder)).toEqual([])
})
