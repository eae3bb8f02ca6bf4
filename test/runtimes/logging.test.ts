// Protects log lines: one an event, nothing below the level, nothing secret, nothing that makes two lines of one.
import { expect, test } from 'vitest'
import { createLog, type LoggingOptions } from '../../runtimes/shared/logging.ts'
import { IngestError, KnownError } from '../../src/errors.ts'

const logged = (
  options: Partial<LoggingOptions>,
  ...event: Parameters<ReturnType<typeof createLog>>
): string[] => {
  const lines: string[] = []
  const write = (line: string) => lines.push(line)
  createLog({ level: 'debug', format: 'text', write, now: () => 0, ...options })(...event)
  return lines
}

test('text: time, level, sentence, facts', () => {
  const facts = {
    signal: 'logs',
    records: 3,
    took: 1.5,
    path: '/v1/logs',
    empty: '',
    of: undefined,
  }
  expect(logged({}, 'info', 'request', facts)).toEqual([
    '1970-01-01T00:00:00.000Z INFO  request signal=logs records=3 took=1.5 path=/v1/logs empty=""',
  ])
})

test('json: the same as one object', () => {
  const lines = logged({ format: 'json' }, 'warn', 'not ready', { retries: 2, ok: false })
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      time: '1970-01-01T00:00:00.000Z',
      level: 'warn',
      message: 'not ready',
      retries: 2,
      ok: false,
    },
  ])
})

test('json: no fact takes the place of the sentence', () => {
  const [line] = logged({ format: 'json' }, 'warn', 'refused', { message: 'x', level: 'y' })
  expect(JSON.parse(line ?? '')).toMatchObject({ level: 'warn', message: 'refused' })
})

test.each([
  ['debug', 4],
  ['info', 3],
  ['warn', 2],
  ['error', 1],
] as const)('level %s writes %d of the four', (level, count) => {
  const levels = ['debug', 'info', 'warn', 'error'] as const
  expect(levels.flatMap((each) => logged({ level }, each, 'x'))).toHaveLength(count)
})

test.each(['text', 'json'] as const)('%s: one line, whatever a fact holds', (format) => {
  const [line] = logged({ format }, 'info', 'x', {
    a: 'one\ntwo\r\u001b[31m"',
    b: 'x'.repeat(9999),
  })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(line).not.toMatch(/[\u0000-\u001f]/)
  expect(line?.length).toBeLessThan(5000)
})

test.each(['text', 'json'] as const)('%s: an error with its causes', (format) => {
  const cause = new KnownError('ENOSPC: no space left on device')
  const error = new IngestError('unavailable', 'cannot write', { cause })
  expect(logged({ format }, 'error', 'x', { error })[0]).toContain('cannot write: ENOSPC: no space')
})

test.each(['text', 'json'] as const)('%s: what is secret stays so', (format) => {
  const facts = {
    authorization: 'hunter2',
    AuthTokens: ['hunter2'],
    password: 'hunter2',
    body: 'hunter2',
  }
  expect(logged({ format }, 'info', 'x', facts)[0]).not.toContain('hunter2')
})
