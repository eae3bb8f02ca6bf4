// Protects what is stored on S3 against a network and a service that fail: nothing is said to be stored that is not, no
// resend is taken for a first time or the other way round, and every wait has an end.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import { createS3Storage, type S3Options, type S3Storage } from '../../src/storage/s3.ts'
import { refuse } from './s3-bucket.ts'
import {
  accessKeyId,
  type Fault,
  type S3Fake,
  secretAccessKey,
  startS3Fake,
  type WireRequest,
} from './s3-server.ts'

const once = { ifNoneMatch: '*' } as const
const bytes = new TextEncoder().encode('0123456789')
const others = new TextEncoder().encode('abc')

let fake: S3Fake
let lines: [message: string, facts: Readonly<Record<string, unknown>> | undefined][]
beforeEach(async () => {
  fake = await startS3Fake()
  lines = []
})
afterEach(() => fake.stop())

const open = (options: Partial<S3Options> = {}): S3Storage =>
  createS3Storage({
    bucket: 'lake',
    region: fake.region,
    endpoint: fake.endpoint,
    credentials: async () => ({ accessKeyId, secretAccessKey }),
    retry: { baseMs: 1, maxMs: 5 },
    multipart: { aboveBytes: 100, partBytes: 40 },
    timeoutMs: 500,
    log: (level, message, facts) => {
      if (level !== 'debug') lines.push([message, facts])
    },
    ...options,
  })

/** These faults one after the other, then none. */
const faults = (...list: (Fault | undefined)[]): void => {
  fake.fault = () => list.shift()
}

const slowDown = refuse(503, 'SlowDown')
const internal = refuse(500, 'InternalError')
const conflict = refuse(409, 'ConditionalRequestConflict')
const wrong = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(IngestError)
      return error as IngestError
    },
  )

describe('what may pass is tried again', () => {
  const passing: [name: string, ...faults: Fault[]][] = [
    ['429', refuse(429, 'TooManyRequests')],
    ['500, twice', internal, internal],
    ['502', refuse(502, '')],
    ['503, three times', slowDown, slowDown, slowDown],
    ['504', { status: 504, body: '<html>' }],
    ['400 RequestTimeout', refuse(400, 'RequestTimeout')],
    ['409 ConditionalRequestConflict', conflict, conflict],
    ['409 OperationAborted', refuse(409, 'OperationAborted')],
    ['a request that never arrived', 'drop', 'drop'],
    ['an answer that never came', 'hang'],
  ]
  it.each(passing)('%s', async (_, ...list) => {
    const storage = open()
    faults(...list)
    expect(await storage.put('a', bytes, once)).toBe('created')
    faults(...list)
    expect(await storage.get('a')).toEqual(bytes)
    faults(...list)
    expect(await storage.head('a')).toMatchObject({ size: 10 })
    faults(...list)
    expect(await Array.fromAsync(storage.list(''))).toMatchObject([{ key: 'a', size: 10 }])
    faults(...list)
    await storage.delete('a')
    expect(fake.bucket.objects.size).toBe(0)
    expect(lines).toEqual([])
  })

  it('an answer that broke off', async () => {
    const storage = open()
    await storage.put('a', bytes)
    faults('cut', 'cut')
    expect(await storage.get('a')).toEqual(bytes)
    faults('cut')
    expect(await Array.fromAsync(storage.list(''))).toMatchObject([{ key: 'a', size: 10 }])
  })

  it('not for ever', async () => {
    fake.fault = () => slowDown
    const error = await wrong(open().put('a', bytes))
    expect(error.message).toBe('storage is unavailable: the object store asks to slow down')
    expect(fake.seen).toHaveLength(4)
    expect(lines).toEqual([
      ['S3 refused', expect.objectContaining({ method: 'PUT', status: 503, code: 'SlowDown' })],
    ])
  })

  it('not when the server asks for a longer wait than there is time for', async () => {
    faults({ ...slowDown, headers: { 'retry-after': '60' } })
    await wrong(open().get('a'))
    expect(fake.seen).toHaveLength(1)
  })

  it.each([400, 401, 403, 404, 405, 412, 501])('not %i', async (status) => {
    fake.fault = () => refuse(status, 'Whatever')
    await wrong(open().get('a'))
    expect(fake.seen).toHaveLength(1)
  })

  it('each time with the same bytes and the same mark', async () => {
    faults('lose', 'drop', internal)
    await open().put('a', bytes, once)
    const puts = fake.seen.filter(({ method }) => method === 'PUT')
    expect(puts).toHaveLength(4)
    const told = ({ headers, body }: WireRequest) => [
      String(body),
      headers['x-amz-meta-otlp2parquet-put'],
    ]
    expect(new Set(puts.map((put) => JSON.stringify(told(put)))).size).toBe(1)
  })
})

describe.each([
  ['whole', bytes],
  ['in parts', new Uint8Array(250).fill(7)],
])('an object put %s under a condition', (kind, mine) => {
  const isLast = ({ method, query }: WireRequest) =>
    kind === 'whole' ? method === 'PUT' : method === 'POST' && query.startsWith('uploadId=')
  /** These faults for the call that makes the object. */
  const atLast = (...list: (Fault | undefined)[]): void => {
    fake.fault = (request) => (isLast(request) ? list.shift() : undefined)
  }
  const stored = () => fake.bucket.objects.get('a')?.bytes

  it('is created, then exists', async () => {
    expect(await open().put('a', mine, once)).toBe('created')
    expect(await open().put('a', mine, once)).toBe('exists')
    expect(stored()).toEqual(Buffer.from(mine))
    expect(fake.bucket.uploads.size).toBe(0)
  })

  it('is created when the answer was lost', async () => {
    for (const list of [
      ['lose'],
      ['lose', 'lose'],
      [internal, 'lose'],
      ['lose', conflict],
    ] as Fault[][]) {
      fake.bucket.objects.clear()
      atLast(...list)
      expect(await open().put('a', mine, once)).toBe('created')
      expect(stored()).toEqual(Buffer.from(mine))
      expect(fake.bucket.uploads.size).toBe(0)
    }
  })

  it('exists when somebody else was there, though an attempt was lost', async () => {
    await open().put('a', others)
    for (const fault of ['drop', 'hang', internal, conflict] as Fault[]) {
      atLast(fault)
      expect(await open().put('a', mine, once)).toBe('exists')
      expect(stored()).toEqual(Buffer.from(others))
      expect(fake.bucket.uploads.size).toBe(0)
    }
  })

  it('exists when somebody else stored the very same bytes', async () => {
    await open().put('a', mine)
    atLast('drop')
    expect(await open().put('a', mine, once)).toBe('exists')
  })

  it('exists, to be safe, at a server that keeps no metadata', async () => {
    fake.bucket.keepsHeaders = false
    expect(await open().put('a', mine, once)).toBe('created')
    fake.bucket.objects.clear()
    atLast('lose')
    const outcome = await open()
      .put('a', mine, once)
      .catch((error: IngestError) => error.kind)
    expect(outcome).toBe(kind === 'whole' ? 'exists' : 'unavailable')
    expect(stored()).toEqual(Buffer.from(mine))
  })

  it('is looked for when the conflict does not end', async () => {
    fake.fault = (request) => (isLast(request) ? conflict : undefined)
    expect((await wrong(open().put('a', mine, once))).message).toMatch(/an object came and went$/)
    fake.bucket.objects.clear()
    fake.bucket.store('a', Buffer.from(others))
    expect(await open().put('a', mine, once)).toBe('exists')
  })

  it('may stand when no attempt was answered, and is not undone', async () => {
    fake.fault = (request) => (isLast(request) ? 'lose' : undefined)
    const { message } = await wrong(open().put('a', mine, once))
    expect(message).toBe('storage is unavailable: the object store cannot be reached')
    expect(stored()).toEqual(Buffer.from(mine))
    expect(fake.seen.filter(({ method }) => method === 'DELETE')).toEqual([])
  })

  it('is given up with its signal', async () => {
    const controller = new AbortController()
    fake.fault = (request) => {
      if (isLast(request)) setTimeout(() => controller.abort(new Error('stop')), 20)
      return isLast(request) ? 'hang' : undefined
    }
    const put = open().put('a', mine, { ...once, signal: controller.signal })
    expect((await wrong(put)).message).toBe('storage is unavailable: the call was given up')
    expect(fake.seen.filter(isLast)).toHaveLength(1)
  })
})

describe('parts', () => {
  const large = new Uint8Array(250).map((_, i) => i)

  it('are sent beside each other and put together in order', async () => {
    expect(await open().put('a', large, once)).toBe('created')
    expect(fake.bucket.objects.get('a')?.bytes).toEqual(Buffer.from(large))
    expect(fake.seen.map(({ method, query }) => `${method} ${query}`).sort()).toEqual(
      [
        'POST uploads=',
        ...[1, 2, 3, 4, 5, 6, 7].map((n) => `PUT partNumber=${n}&uploadId=upload%2B%2F%3D0`),
        'POST uploadId=upload%2B%2F%3D0',
      ].sort(),
    )
  })

  const givenBack: [name: string, fault: (request: WireRequest) => Fault | undefined][] = [
    [
      'a part fails',
      ({ query }) => (query.startsWith('partNumber=3') ? refuse(403, 'AccessDenied') : undefined),
    ],
    [
      'a part fails for ever',
      ({ query }) => (query.startsWith('partNumber=3') ? 'drop' : undefined),
    ],
    [
      'they cannot be put together',
      ({ method, query }) =>
        method === 'POST' && query !== 'uploads=' ? refuse(400, 'InvalidPart') : undefined,
    ],
  ]
  it.each(givenBack)('are given back when %s', async (_, fault) => {
    fake.fault = fault
    await wrong(open().put('a', large, once))
    expect(fake.bucket.uploads.size).toBe(0)
    expect(fake.bucket.objects.size).toBe(0)
  })

  it('an error that comes after the status 200 is one', async () => {
    const late = { ...internal, status: 200 }
    fake.fault = ({ method, query }) =>
      method === 'POST' && query !== 'uploads=' ? late : undefined
    await wrong(open().put('a', large, once))
    expect(fake.seen.filter(({ query }) => query.startsWith('uploadId'))).toHaveLength(4)
    let left = 2
    fake.fault = ({ method, query }) =>
      method === 'POST' && query !== 'uploads=' && left-- > 0 ? late : undefined
    expect(await open().put('a', large, once)).toBe('created')
  })

  it('an answer without what it is for', async () => {
    fake.fault = ({ query }) => (query === 'uploads=' ? { status: 200, body: '<x/>' } : undefined)
    expect((await wrong(open().put('a', large))).message).toMatch(/its answer makes no sense$/)
  })
})

describe('what is wrong is said, with what to do', () => {
  const region = '<Region>us-west-2</Region>'
  const skew = `<ServerTime>${new Date(Date.now() + 3_600_000).toISOString()}</ServerTime>`
  const cases: [code: string, answer: Fault, message: RegExp][] = [
    [
      'AccessDenied',
      refuse(403, 'AccessDenied'),
      /: access is denied: allow s3:PutObject and s3:Get/,
    ],
    ['NoSuchBucket', refuse(404, 'NoSuchBucket'), /: the bucket does not exist$/],
    [
      'another region',
      refuse(400, 'AuthorizationHeaderMalformed', region),
      /: the bucket is in another region: configure us-west-2$/,
    ],
    [
      'another region by its header',
      { status: 301, headers: { 'x-amz-bucket-region': 'eu-north-1' } },
      /another region: configure eu-north-1$/,
    ],
    [
      'a redirect',
      { status: 307, headers: { location: 'http://127.0.0.1:1/' } },
      /another region$/,
    ],
    ['ExpiredToken', refuse(400, 'ExpiredToken'), /: the credentials have expired$/],
    [
      'InvalidAccessKeyId',
      refuse(403, 'InvalidAccessKeyId'),
      /: the access key is not known there$/,
    ],
    [
      'SignatureDoesNotMatch',
      refuse(403, 'SignatureDoesNotMatch'),
      /: the signature is refused: check the secret access key$/,
    ],
    [
      'RequestTimeTooSkewed',
      refuse(403, 'RequestTimeTooSkewed', skew),
      /: this machine's clock is wrong by -3[56]\d\d s: synchronise it$/,
    ],
    [
      'KMS.DisabledException',
      refuse(400, 'KMS.DisabledException'),
      /: the encryption key cannot be used$/,
    ],
    ['BadDigest', refuse(400, 'BadDigest'), /: bytes were damaged on their way$/],
    [
      'NotImplemented',
      refuse(501, 'NotImplemented'),
      /: the object store knows no conditional puts/,
    ],
    [
      'a code that nobody knows',
      refuse(400, 'No<b>Such</b>\n "x"'),
      /: the object store refused with [\w.]+$/,
    ],
    [
      'no code',
      { status: 404, body: '<html>nginx</html>' },
      /: the object store refused with 404$/,
    ],
  ]
  it.each(cases)('%s', async (_, answer, message) => {
    fake.fault = () => answer
    for (const act of [
      () => open().put('a', bytes),
      () => open().get('a'),
      () => Array.fromAsync(open().list('')),
      () => open().delete('a'),
      () => open().ready(),
      () => open().put('a', new Uint8Array(200)),
    ]) {
      const error = await wrong(act())
      expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(message) })
      expect(error.cause).toMatchObject({ name: 'S3Error', requestId: expect.any(String) })
    }
  })

  it('for HEAD too, whose answer has no body', async () => {
    fake.fault = ({ method }) =>
      method === 'HEAD' ? { status: 400 } : refuse(400, 'AuthorizationHeaderMalformed', region)
    expect((await wrong(open().head('a'))).message).toMatch(/configure us-west-2$/)
    fake.fault = ({ method }) => (method === 'HEAD' ? { status: 403 } : undefined)
    await open().put('a', bytes)
    await open().put('empty', new Uint8Array())
    expect(await open().head('a')).toMatchObject({
      size: 10,
      etag: expect.stringMatching(/^".*"$/),
    })
    expect(await open().head('empty')).toMatchObject({ size: 0 })
    expect(await open().head('none')).toBeNull()
  })

  it('the log gets code and request id, and no secret', async () => {
    fake.fault = () => refuse(403, 'AccessDenied')
    await wrong(open().get('a'))
    expect(lines).toEqual([
      [
        'S3 refused',
        {
          method: 'GET',
          status: 403,
          code: 'AccessDenied',
          reason: 'told & true',
          requestId: 'R1',
          hostId: 'H1',
          region: undefined,
        },
      ],
    ])
  })

  it('nobody listens', async () => {
    const storage = open({ endpoint: 'http://127.0.0.1:9' })
    expect((await wrong(storage.get('a'))).message).toMatch(/the object store cannot be reached$/)
  })

  it('nobody answers', async () => {
    fake.fault = () => 'hang'
    const storage = open({ timeoutMs: 20 })
    expect((await wrong(storage.get('a'))).message).toMatch(/does not answer in time$/)
    expect(fake.seen).toHaveLength(4)
  })
})

describe('ready', () => {
  it('writes nothing', async () => {
    await open().ready()
    expect(fake.bucket.objects.size).toBe(0)
  })

  it('is what a put would need', async () => {
    fake.fault = ({ method }) => (method === 'PUT' ? refuse(403, 'AccessDenied') : undefined)
    await wrong(open().ready())
  })
})

describe('credentials', () => {
  const credentials = (token: string) => ({
    accessKeyId: 'ASIA',
    secretAccessKey: 's',
    sessionToken: token,
  })

  it('that the server refuses are got anew, once for all, and the call succeeds', async () => {
    fake.keys.set('ASIA', { secret: 's', token: '2' })
    const asked: boolean[] = []
    const storage = open({
      credentials: async ({ refused = false } = {}) => {
        asked.push(refused)
        return credentials(String(asked.length))
      },
    })
    const keys = ['a', 'b', 'c', 'd', 'e']
    await Promise.all(keys.map((key) => storage.put(key, bytes, once)))
    expect(asked).toEqual([false, true])
    expect(await storage.head('a')).toMatchObject({ size: 10 })
  })

  it('are not asked for again and again', async () => {
    fake.keys.set('ASIA', { secret: 's', token: 'none' })
    let asked = 0
    const storage = open({
      credentials: async () => {
        asked++
        return credentials(String(asked))
      },
    })
    await wrong(storage.put('a', bytes))
    expect([asked, fake.seen.length]).toEqual([2, 2])
  })

  it('that nobody has are said to be missing', async () => {
    const storage = open({
      credentials: async () => {
        throw new Error('no profile')
      },
    })
    expect((await wrong(storage.put('a', bytes))).message).toMatch(/there are no credentials$/)
    expect(fake.seen).toEqual([])
  })
})
