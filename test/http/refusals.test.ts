// Protects operators from senders that lose data without a word: what is refused, and why, is in the log, and a sender that comes
// again and again does not fill it.
import { describe, expect, test } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import { createRefusals } from '../../src/http/refusals.ts'
import { logs } from '../ingest/requests.ts'
import { type Line, start, stored } from './harness.ts'

const warned = (lines: readonly Line[]) => lines.filter(({ level }) => level === 'warn')
const refused = (facts: object) => [{ level: 'warn', message: 'a request was refused', facts }]

describe('a line says why', () => {
  test('a body cannot be read', async () => {
    const { send, lines } = start({
      ingest: async () => Promise.reject(new IngestError('malformed', 'cannot read it')),
    })
    await send()
    expect(warned(lines)).toEqual(
      refused({ signal: 'logs', kind: 'malformed', status: 400, error: 'cannot read it' }),
    )
  })

  test('who sends is nobody', async () => {
    const { send, lines } = start({ auth: { kind: 'bearer', tokens: () => ['good'] } })
    await send(undefined, { Authorization: 'Bearer wrong' })
    expect(warned(lines)).toEqual(
      refused({
        signal: 'logs',
        kind: 'unauthenticated',
        status: 401,
        error: 'missing or wrong credentials',
      }),
    )
  })

  test('there is no room', async () => {
    const { send, lines } = start({ limits: { maxPayloadBytes: 10 } })
    await send(new Uint8Array(11))
    expect(warned(lines)).toMatchObject([{ facts: { kind: 'too-large', status: 413 } }])
  })

  test.each([
    ['', '/v1/log', '/v1/logs, /v1/traces or /v1/metrics'],
    ['/otlp', '/v1/logs', '/otlp/v1/logs, /otlp/v1/traces or /otlp/v1/metrics'],
  ])('below "%s" there is no path %s', async (basePath, path, others) => {
    const { send, lines } = start({ basePath })
    const answer = await send(undefined, {}, path)
    const error = `no such path: send to ${others}`
    expect(await answer.text()).toContain(error)
    // Without the path that was asked for: some senders carry a key in it.
    expect(warned(lines)).toEqual(refused({ status: 404, error }))
  })

  test('it is another method', async () => {
    const { get, lines } = start()
    await get('/v1/logs')
    expect(warned(lines)).toEqual(refused({ status: 405, error: 'use POST' }))
  })

  test('of some records', async () => {
    const rejected = new Map([['a trace id that is not 16 bytes long', 2]])
    const { send, lines } = start({ ingest: async () => ({ ...stored, rejected }) })
    expect((await send(logs({ name: 'a', records: 1 }))).status).toBe(200)
    expect(warned(lines)).toEqual([
      {
        level: 'warn',
        message: 'records were rejected',
        facts: {
          signal: 'logs',
          error: '2 rejected: a trace id that is not 16 bytes long (2)',
          requestId: stored.requestId,
        },
      },
    ])
  })
})

describe('one line a minute for each kind', () => {
  const told = (calls: readonly [at: number, kind: string][]) => {
    const lines: unknown[] = []
    let now = 0
    const tell = createRefusals(
      (_level, _message, facts) => lines.push([now, facts?.kind, facts?.moreSinceLast]),
      () => now,
    )
    for (const [at, kind] of calls) {
      now = at
      tell(kind, 'a request was refused', { kind })
    }
    return lines
  }

  test('and how many there were between', () => {
    const calls: [number, string][] = [
      ...Array.from({ length: 100 }, (_, i): [number, string] => [1_000 * i, 'malformed']),
      [99_500, 'too-large'],
      [200_000, 'malformed'],
      [300_000, 'malformed'],
    ]
    expect(told(calls)).toEqual([
      [0, 'malformed', undefined],
      [60_000, 'malformed', 59],
      [99_500, 'too-large', undefined],
      [200_000, 'malformed', 39],
      [300_000, 'malformed', undefined],
    ])
  })

  test('also where a clock is put back', () => {
    expect(
      told([
        [1_000_000, 'malformed'],
        [0, 'malformed'],
        [59_999, 'malformed'],
      ]),
    ).toEqual([
      [1_000_000, 'malformed', undefined],
      [0, 'malformed', undefined],
    ])
  })
})
