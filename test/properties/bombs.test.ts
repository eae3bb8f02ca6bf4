// Protects: no request, however it was made, holds the program for long, fills its memory or keeps it from serving the
// next one. Asked over HTTP of the program as users start it; two seconds are part of what it promises.
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProgram } from '../runtimes/program.ts'
import { type Bomb, bombs } from './bombs.ts'
import { field, record } from './pieces.ts'

/** Milliseconds in which a bomb is answered, of those that the program had for itself. */
const promised = 2000

/** Milliseconds on the clock: others may keep the program waiting on a busy machine, but it may not idle. */
const patience = 8000

/** MiB that the program's memory may reach: a body of 64 MiB is read, decoded, sorted and encoded. */
const bound = 1024

/** A file takes a millisecond and a sync of the disk: how many one request may ask for is the operator's to say. */
const env = { OTLP2PARQUET_MAX_FILES_PER_REQUEST: '50' }

type Program = Awaited<ReturnType<typeof startProgram>>
let program: Program
beforeAll(async () => {
  program = await startProgram({ env })
})

const post = async ({ signal, encoding, isGzip }: Omit<Bomb, 'body'>, body: Uint8Array) => {
  const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf'
  const headers = { 'Content-Type': type, ...(isGzip && { 'Content-Encoding': 'gzip' }) }
  const started = performance.now()
  const answer = await fetch(`${program.url}/v1/${signal}`, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
  })
  await answer.arrayBuffer()
  return { status: answer.status, milliseconds: Math.round(performance.now() - started) }
}

const isLinux = process.platform === 'linux'

/** Milliseconds of processor time that the program has used (proc(5), stat); those on the clock where it is not Linux. */
const processorTime = (): number => {
  if (!isLinux) return performance.now()
  const [, fields = ''] = readFileSync(`/proc/${program.pid}/stat`, 'utf8').split(') ')
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
  // In hundredths of a second, on every Linux there is.
  return 10 * (user + system)
}

/** MiB that the program's memory reached since it was last asked (proc(5), VmHWM); 0 where it is not Linux. */
const peakMemory = (): number => {
  if (!isLinux) return 0
  const folder = `/proc/${program.pid}`
  const [, peak = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`${folder}/status`, 'utf8')) ?? []
  writeFileSync(`${folder}/clear_refs`, '5')
  return Math.round(Number(peak) / 1024)
}

describe('a bomb', () => {
  const seen: string[] = []
  afterAll(() => console.log(`ms (own)  MiB  MB in  status\n${seen.join('\n')}`))

  it.each(bombs)('$signal, $encoding: $name', async (bomb) => {
    const body = bomb.body()
    peakMemory()
    const before = processorTime()
    const { status, milliseconds } = await post(bomb, body)
    const own = processorTime() - before
    const MiB = peakMemory()
    const { signal, encoding, name } = bomb
    const MB = (body.length / 1e6).toFixed(1)
    seen.push(`${milliseconds} (${own})  ${MiB}  ${MB}  ${status}  ${signal}, ${encoding}: ${name}`)
    expect(status).toBe(bomb.status)
    expect(own).toBeLessThan(promised)
    expect(milliseconds).toBeLessThan(patience)
    if (isLinux) expect(MiB).toBeGreaterThan(0)
    expect(MiB).toBeLessThan(bound)
    const next = { ...bomb, encoding: 'protobuf', isGzip: false } as const
    expect(await post(next, record(field(200)))).toMatchObject({ status: 200 })
  })
})
