// Protects what is stored on S3 against a network and a service that fail: nothing is said to be stored that is not, no
// resend is taken for a first time or the other way round, and every wait has an end.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { IngestError } from '../../src/errors.ts'
import { refuse } from './s3-bucket.ts'
import { impatient, type S3Scene, startScene, wrong } from './s3-scene.ts'
import type { Fault, S3Fake, WireRequest } from './s3-server.ts'

const once = { ifNoneMatch: '*' } as const
const others = new TextEncoder().encode('abc')
const slowDown = refuse(503, 'SlowDown')
const internal = refuse(500, 'InternalError')
const conflict = refuse(409, 'ConditionalRequestConflict')
const bytes = new TextEncoder().encode('0123456789')

let scene: S3Scene
let fake: S3Fake
let open: S3Scene['open']
beforeEach(async () => {
  scene = await startScene()
  ;({ fake, open } = scene)
})
afterEach(() => fake.stop())

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
    const storage = open(list.includes('hang') ? impatient : {})
    scene.faults(...list)
    expect(await storage.put('a', bytes, once)).toBe('created')
    scene.faults(...list)
    expect(await storage.get('a')).toEqual(bytes)
    scene.faults(...list)
    expect(await storage.head('a')).toMatchObject({ size: 10 })
    scene.faults(...list)
    expect(await Array.fromAsync(storage.list(''))).toMatchObject([{ key: 'a', size: 10 }])
    scene.faults(...list)
    await storage.delete('a')
    expect(fake.bucket.objects.size).toBe(0)
    expect(scene.lines).toEqual([])
  })

  it('an answer that broke off', async () => {
    const storage = open()
    await storage.put('a', bytes)
    scene.faults('cut', 'cut')
    expect(await storage.get('a')).toEqual(bytes)
    scene.faults('cut')
    expect(await Array.fromAsync(storage.list(''))).toMatchObject([{ key: 'a', size: 10 }])
  })

  it('not for ever', async () => {
    fake.fault = () => slowDown
    const error = await wrong(open().put('a', bytes))
    expect(error.message).toBe('storage is unavailable: the object store asks to slow down')
    expect(fake.seen).toHaveLength(4)
    expect(scene.lines).toEqual([
      ['S3 refused', expect.objectContaining({ method: 'PUT', status: 503, code: 'SlowDown' })],
    ])
  })

  it('not when the server asks for a longer wait than there is time for', async () => {
    scene.faults({ ...slowDown, headers: { 'retry-after': '60' } })
    await wrong(open().get('a'))
    expect(fake.seen).toHaveLength(1)
  })

  it.each([400, 401, 403, 404, 405, 412, 501])('not %i', async (status) => {
    fake.fault = () => refuse(status, 'Whatever')
    await wrong(open().get('a'))
    expect(fake.seen).toHaveLength(1)
  })

  it('each time with the same bytes and the same mark', async () => {
    scene.faults('lose', 'drop', internal)
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

describe('a replacement', () => {
  const etagOf = async () => (await open().tagged.get('a'))?.tag ?? ''

  it('has happened when the answer was lost', async () => {
    await open().put('a', new Uint8Array())
    const etag = await etagOf()
    const list: Fault[] = ['lose']
    fake.fault = ({ method }) => (method === 'PUT' ? list.shift() : undefined)
    expect(await open().tagged.replace('a', etag, bytes)).toBe('replaced')
    expect(fake.bucket.objects.get('a')?.bytes).toEqual(Buffer.from(bytes))
  })

  it('has not where an answer was lost and another has stored the same bytes since', async () => {
    await open().put('a', new Uint8Array())
    const etag = await etagOf()
    let puts = 0
    fake.fault = ({ method }) => {
      if (method !== 'PUT') return undefined
      if (++puts === 1) return 'lose'
      fake.bucket.store('a', Buffer.from(bytes))
      return undefined
    }
    expect(await open().tagged.replace('a', etag, bytes)).toBe('changed')
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
      const storage = open(fault === 'hang' ? impatient : {})
      expect(await storage.put('a', mine, once)).toBe('exists')
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
