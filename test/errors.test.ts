// Protects what the log says of an error: of what was foreseen its words and those of its causes, of a bug where it is.
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createLog } from '../runtimes/shared/logging.ts'
import { ConfigError } from '../src/config.ts'
import { describeError, foreseen, IngestError, KnownError } from '../src/errors.ts'
import { NoAnswer } from '../src/iceberg/rest/http.ts'
import { saying } from '../src/storage/fs-errors.ts'
import { R2Error, refusal as refusalOfR2 } from '../src/storage/r2-errors.ts'
import { refusal, S3Error } from '../src/storage/s3-errors.ts'

const thrownBy = (act: () => Promise<unknown>): Promise<unknown> =>
  act().then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )
const because = (cause: unknown): IngestError =>
  new IngestError('unavailable', 'cannot load a table', { cause })
/** What fetch throws when nobody listens. */
const unreachable = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })

test.each<[string, unknown, string]>([
  ['a refusal', because(undefined), 'cannot load a table'],
  [
    'a catalog that refuses',
    because(new KnownError('403 NotAllowed')),
    'cannot load a table: 403 NotAllowed',
  ],
  [
    'a catalog out of reach',
    because(new NoAnswer('fetch failed: connect ECONNREFUSED', { cause: unreachable })),
    'cannot load a table: fetch failed: connect ECONNREFUSED',
  ],
  [
    'a storage out of reach',
    because(foreseen(unreachable)),
    'cannot load a table: fetch failed: connect ECONNREFUSED',
  ],
  [
    'a bucket that refuses',
    refusal(
      new S3Error(403, new Headers(), '<Error><Code>KMS.X</Code><Message>no</Message></Error>'),
    ),
    'storage is unavailable: the encryption key cannot be used: no',
  ],
  [
    'a binding that refuses',
    refusalOfR2(new R2Error(new Error('put: gone (10006)'))),
    'storage is unavailable: the bucket does not exist: put: gone (10006)',
  ],
  [
    'a call that took too long',
    because(new DOMException('The operation timed out', 'TimeoutError')),
    'cannot load a table: The operation timed out',
  ],
  [
    'a wrong variable',
    new ConfigError([{ variable: 'OTLP2PARQUET_X', message: 'is none' }]),
    'OTLP2PARQUET_X: is none',
  ],
  ['no error at all', 'gone', 'gone'],
])('%s is told by its words', (_, error, words) => {
  expect(describeError(error)).toBe(words)
})

test('a disk that refuses is told by its words, and by what the system said', async () => {
  const error = await thrownBy(() => saying(() => readFile(import.meta.dirname)))
  expect(describeError(error)).toMatch(
    /^storage is unavailable: a folder stands .*: EISDIR: .*read$/,
  )
})

/** A function of that name in the code, which a line of a stack tells of. */
const buggy = (): Error => new TypeError('x is not a function')
const place = /TypeError: x is not a function\n {4}at buggy \(/

test.each<[string, unknown]>([
  ['alone', buggy()],
  ['that keeps a request from being stored', because(buggy())],
  ['behind two refusals', because(because(buggy()))],
])('a bug %s is told by its stack', (_, error) => {
  expect(describeError(error)).toMatch(place)
})

test.each(['text', 'json'] as const)(
  '%s: a line of the log tells the same of an error',
  (format) => {
    const lines: string[] = []
    const log = createLog({ level: 'debug', format, write: (line) => lines.push(line) })
    log('error', 'a bug', { error: because(buggy()) })
    log('error', 'a refusal', { error: because(new KnownError('403 NotAllowed')) })
    expect(lines[0]).toContain(
      'cannot load a table: TypeError: x is not a function\\n    at buggy (',
    )
    expect(lines[1]).toMatch(/"cannot load a table: 403 NotAllowed"/)
  },
)
