// Protects whoever has to mend it: what S3 refuses is said in words that tell what to do, and in the log with S3's own.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { refuse } from './s3-bucket.ts'
import { type S3Scene, startScene, wrong } from './s3-scene.ts'
import type { Fault, S3Fake } from './s3-server.ts'

const once = { ifNoneMatch: '*' } as const
const bytes = new TextEncoder().encode('0123456789')

let scene: S3Scene
let fake: S3Fake
let open: S3Scene['open']
beforeEach(async () => {
  scene = await startScene()
  ;({ fake, open } = scene)
})
afterEach(() => fake.stop())

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
      'an unknown key, in the words of versitygw',
      refuse(404, 'XAdminUserNotFound'),
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

  it('in a bucket of S3 Tables, that what is missing may be forbidden', async () => {
    const { get, head } = open({ bucket: '4e2c0b7a--table-s3' })
    fake.fault = ({ method }) => (method === 'HEAD' ? { status: 403 } : refuse(403, 'AccessDenied'))
    for (const act of [get, head]) {
      const { message } = await wrong(act('a'))
      expect(message).toMatch(/: access is denied: allow s3tables:.*, an object is missing: /)
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
    expect(scene.lines).toEqual([
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

  it.each([
    ['a list that does not go on', '<NextContinuationToken>1</NextContinuationToken>', /go on$/],
    [
      'a key that cannot be read',
      '<EncodingType>url</EncodingType><Contents><Key>%ZZ</Key></Contents>',
      /cannot be read$/,
    ],
  ])('%s', async (_, xml, message) => {
    fake.fault = () => ({ status: 200, body: `<ListBucketResult>${xml}</ListBucketResult>` })
    const error = await wrong(Array.fromAsync(open().list('')))
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(message) })
  })

  it('nobody listens', async () => {
    const storage = open({ endpoint: 'http://127.0.0.1:9' })
    expect((await wrong(storage.get('a'))).message).toMatch(/the object store cannot be reached$/)
  })

  it('nobody answers', async () => {
    fake.fault = () => 'hang'
    const storage = open({ timeoutMs: 250 })
    expect((await wrong(storage.get('a'))).message).toMatch(/does not answer in time$/)
    expect(fake.seen).toHaveLength(4)
  })
})

describe('ready', () => {
  it('writes nothing', async () => {
    await open().ready()
    expect(fake.bucket.objects.size).toBe(0)
  })

  it('asks about the key that may be touched', async () => {
    await open({ readyKey: '_receipts/.ready' }).ready()
    expect(fake.seen.map(({ path }) => path)).toEqual([
      expect.stringMatching(/\/_receipts\/\.ready$/),
    ])
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

  it('whose key was replaced meanwhile are got anew, too', async () => {
    fake.keys.set('NEW', { secret: 's' })
    const storage = open({
      credentials: async ({ refused = false } = {}) => ({
        accessKeyId: refused ? 'NEW' : 'OLD',
        secretAccessKey: 's',
      }),
    })
    await storage.put('a', bytes, once)
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
