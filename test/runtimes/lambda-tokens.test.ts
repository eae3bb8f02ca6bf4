// Protects tokens in a secret: read at the start, read again after five minutes, so that they change without a deploy;
// signed as AWS signs; each refusal says what to do, and none of what is secret.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { describe, expect, test } from 'vitest'
import { fetch as lambdaFetch } from '../../runtimes/lambda/fetch-api.ts'
import { readSecret } from '../../runtimes/lambda/secret.ts'
import { openAuth } from '../../runtimes/lambda/tokens.ts'

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:tokens-AbCdEf'
const keys = { accessKeyId: 'AKID', secretAccessKey: 'hidden', sessionToken: 'session' }

type Answer = readonly [status: number, body: unknown]

/** Reads with these answers, the last of them again and again; and what was sent. */
const reading = async (answers: readonly (Answer | Error)[], of = arn) => {
  const sent: Request[] = []
  const fetch: typeof globalThis.fetch = async (url, init) => {
    sent.push(new Request(url, init))
    const answer = answers[Math.min(sent.length, answers.length) - 1]
    if (answer === undefined || answer instanceof Error) throw answer
    const [status, body] = answer
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status })
  }
  const read = readSecret({ arn: of, credentials: async () => keys, fetch })
  const outcome = await read.catch((error: Error) => error)
  return { outcome, sent }
}

const refusal = (code: string): Answer => [
  400,
  { __type: `aws#${code}`, Message: 'role/x may not' },
]

describe('a secret', () => {
  test("is asked for as AWS's own signer would", async () => {
    const { outcome, sent } = await reading([[200, { SecretString: 'one,two' }]])
    expect(outcome).toBe('one,two')
    const [request] = sent
    if (request === undefined) throw new Error('nothing was sent')
    const body = await request.text()
    expect(request.url).toBe('https://secretsmanager.eu-west-1.amazonaws.com/')
    expect(JSON.parse(body)).toEqual({ SecretId: arn })
    const headers = Object.fromEntries(request.headers)
    const date = headers['x-amz-date'] ?? ''
    const judge = new SignatureV4({
      service: 'secretsmanager',
      region: 'eu-west-1',
      credentials: keys,
      sha256: Sha256,
      applyChecksum: false,
    })
    const { host } = new URL(request.url)
    // It leaves the media type unsigned.
    const names = ['x-amz-target', 'x-amz-security-token', 'x-amz-date']
    const signed = await judge.sign(
      {
        method: 'POST',
        protocol: 'https:',
        hostname: host,
        path: '/',
        query: {},
        headers: { host, ...Object.fromEntries(names.map((name) => [name, headers[name] ?? ''])) },
        body,
      },
      {
        signingDate: new Date(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')),
      },
    )
    const signatureOf = (value = '') => /Signature=(\w+)/.exec(value)?.[1]
    const namesOf = (value = '') => /SignedHeaders=([^,]+)/.exec(value)?.[1]
    expect(namesOf(headers.authorization)).toContain('x-amz-target')
    expect(namesOf(headers.authorization)).toBe(namesOf(signed.headers.authorization))
    expect(signatureOf(headers.authorization)).toBe(signatureOf(signed.headers.authorization))
  })

  test.each([
    ['aws-cn', 'cn-north-1', 'secretsmanager.cn-north-1.amazonaws.com.cn'],
    ['aws-eusc', 'eusc-de-east-1', 'secretsmanager.eusc-de-east-1.amazonaws.eu'],
    ['aws-us-gov', 'us-gov-west-1', 'secretsmanager.us-gov-west-1.amazonaws.com'],
  ])('of the partition %s is asked for there', async (partition, region, host) => {
    const of = `arn:${partition}:secretsmanager:${region}:123456789012:secret:a`
    const { sent } = await reading([[200, { SecretString: 'one' }]], of)
    expect(new URL(sent[0]?.url ?? '').host).toBe(host)
  })

  test.each([
    ['an answer of 500', [500, 'oh'] as const],
    ['an answer of 429', [429, {}] as const],
    ['a lost connection', new TypeError('fetch failed')],
  ])('is asked for again after %s', async (_name, first) => {
    const { outcome, sent } = await reading([first, [200, { SecretString: 'one' }]])
    expect([outcome, sent.length]).toEqual(['one', 2])
  })

  const refused: [what: string, answer: Answer | Error, words: RegExp, calls: number][] = [
    ['denied', refusal('AccessDeniedException'), /allow secretsmanager:GetSecretValue/, 1],
    ['missing', refusal('ResourceNotFoundException'), /no such secret/, 1],
    ["another's key", refusal('DecryptionFailure'), /allow kms:Decrypt/, 1],
    ['to be deleted', refusal('InvalidRequestException'), /restore it/, 1],
    ['of bytes', [200, { SecretBinary: 'AA==' }], /bytes, not text/, 1],
    ['unheard of', refusal('NewException'), /answered 400 NewException/, 1],
    ['asked for too often', refusal('ThrottlingException'), /answered 400 ThrottlingException/, 3],
    ['down', [503, 'busy'], /answered 503$/, 3],
    ['out of reach', new TypeError('fetch failed'), /cannot be reached/, 3],
  ]
  test.each(refused)('that is %s', async (_what, answer, words, calls) => {
    const { outcome, sent } = await reading([answer])
    expect(outcome).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(words) })
    expect(String(outcome)).not.toContain('role/x')
    expect(sent.length).toBe(calls)
  })
})

describe('a secret that a sender waits for', () => {
  const cutting = async (isCut: (request: number) => boolean) => {
    let requests = 0
    const connections = new Set<unknown>()
    const server = createServer((request, response) => {
      connections.add(request.socket)
      if (isCut(++requests)) request.socket.destroy()
      else response.end(JSON.stringify({ SecretString: `answer ${requests}` }))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const endpoint = `http://127.0.0.1:${port}/`
    const read = () =>
      readSecret({
        ...{ arn, endpoint, attempts: 1, credentials: async () => keys },
        fetch: lambdaFetch as unknown as typeof fetch,
      })
    const close = () => {
      server.closeAllConnections()
      server.close()
    }
    return { read, close, requests: () => requests, connections }
  }

  test('is asked for once more where the connection that was kept is gone', async () => {
    const { read, close, requests, connections } = await cutting((request) => request === 2)
    try {
      expect(await read()).toBe('answer 1')
      expect(await read()).toBe('answer 3')
      expect([requests(), connections.size]).toEqual([3, 2])
    } finally {
      close()
    }
  })
  test('and not more often', async () => {
    const { read, close, requests } = await cutting(() => true)
    try {
      await expect(read()).rejects.toThrow('cannot be reached')
      expect(requests()).toBe(2)
    } finally {
      close()
    }
  })
  test('nor when the service takes too long', async () => {
    let sent = 0
    const fetch = async () => {
      sent++
      throw new DOMException('too long', 'TimeoutError')
    }
    const read = readSecret({ arn, credentials: async () => keys, attempts: 1, fetch })
    await expect(read).rejects.toThrow('cannot be reached')
    expect(sent).toBe(1)
  })
})

describe('tokens', () => {
  const config = { kind: 'bearer', secret: arn } as const
  const open = async () => {
    const world = { text: 'old' as string | Error, now: 0, reads: 0, warnings: 0 }
    const read = async (_arn: string, patient: boolean): Promise<string> => {
      // A sender waits meanwhile, but at the start.
      expect(patient).toBe(world.reads === 0)
      world.reads++
      if (world.text instanceof Error) throw world.text
      return world.text
    }
    const log = () => void world.warnings++
    const { auth, renew } = await openAuth(config, { read, log, now: () => world.now })
    const at = async (seconds: number) => {
      world.now = seconds * 1000
      await renew()
      return auth.kind === 'none' ? [] : auth.tokens()
    }
    return { world, at }
  }

  test('change without a deploy, after five minutes', async () => {
    const { world, at } = await open()
    world.text = ' new, old\n'
    expect(await at(299)).toEqual(['old'])
    expect(await at(300)).toEqual(['new', 'old'])
    expect(await at(599)).toEqual(['new', 'old'])
    expect(world.reads).toBe(2)
  })
  test.each([
    ['out of reach', new Error('gone')],
    ['empty', ''],
    ['no tokens', '{"token":"a b"}'],
  ])(
    'stay valid while the secret is %s, which is said, and looked at again soon',
    async (_, text) => {
      const { world, at } = await open()
      world.text = text
      expect(await at(300)).toEqual(['old'])
      expect(await at(329)).toEqual(['old'])
      expect([world.reads, world.warnings]).toEqual([2, 1])
      world.text = 'new'
      expect(await at(330)).toEqual(['new'])
    },
  )
  test('a start without them is none', async () => {
    const log = () => {}
    const read = async () => 'two words'
    await expect(openAuth(config, { read, log })).rejects.toThrow(/is wrong: it must hold tokens/)
  })
  test('that are configured are never read anywhere', async () => {
    const read = () => Promise.reject(new Error('nothing is to be read'))
    const { auth, renew } = await openAuth({ kind: 'bearer', tokens: ['a'] }, { read, log() {} })
    await renew()
    expect(auth).toMatchObject({ kind: 'bearer' })
  })
})
