// Protects what stands for the globals `crypto` and `performance` in the function's bundle: they give what Node's own would.
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { performance as clock } from '../../runtimes/lambda/performance.ts'
import { crypto as light } from '../../runtimes/lambda/web-crypto.ts'

/** Both, so that the same case is seen to hold for the one that is stood for. */
const both = [
  ['ours', light],
  ["Node's", globalThis.crypto],
] as unknown as readonly (readonly [string, Crypto])[]

const text = new TextEncoder().encode('what is signed')
const hmac = { name: 'HMAC', hash: { name: 'SHA-256' } }
const hex = (buffer: ArrayBuffer): string => Buffer.from(buffer).toString('hex')

describe.each(both)('crypto: %s', (_, crypto) => {
  const { subtle } = crypto
  const keyOf = (bytes: BufferSource) => subtle.importKey('raw', bytes, hmac, false, ['sign'])

  test.each(['SHA-256', 'sha-256', { name: 'SHA-256' }])(
    '%o, of bytes that lie amid others too, in a buffer of its own',
    async (algorithm) => {
      const amid = new Uint8Array([1, ...text, 1]).subarray(1, -1)
      const view = new DataView(amid.buffer, 1, text.length)
      for (const bytes of [text, amid, view, text.slice().buffer]) {
        const digest = await subtle.digest(algorithm, bytes)
        expect(digest).toBeInstanceOf(ArrayBuffer)
        expect(hex(digest)).toBe('819893434c4fe98186a93ce2782c7a73023a46b588b089bb559f98fc4b895c3c')
      }
    },
  )

  test('HMAC, with a key of which one signature makes the next, as AWS asks for', async () => {
    const bytes = new TextEncoder().encode('key')
    const key = await keyOf(bytes)
    bytes.fill(0)
    const first = await subtle.sign('HMAC', key, text)
    expect(hex(first)).toBe('af7ffac30d36d68efa951d58679f6947f581a54e4bee4bfb7dd3612c18185e33')
    const second = await subtle.sign({ name: 'HMAC' }, await keyOf(first), text)
    expect(hex(second)).toBe('a477cff65b2505863e27836c235cec73c9417e035e76c3ac6b19c1927782e72e')
  })

  test('random bytes, numbers and names, each time others', () => {
    const given = new Uint8Array(16)
    expect(crypto.getRandomValues(given)).toBe(given)
    expect(given).not.toEqual(crypto.getRandomValues(new Uint8Array(16)))
    expect(crypto.getRandomValues(new BigUint64Array(1))[0]).not.toBe(0n)
    expect(crypto.randomUUID()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/)
    expect(crypto.randomUUID()).not.toBe(crypto.randomUUID())
  })
})

test('what is not there is refused, instead of being hashed in another way', async () => {
  const [[, { subtle }]] = both as [(typeof both)[number]]
  const key = await subtle.importKey('raw', text, hmac, false, ['sign'])
  const sha512 = { name: 'HMAC', hash: { name: 'SHA-512' } }
  await expect(subtle.digest('SHA-512', text)).rejects.toThrow(TypeError)
  await expect(subtle.importKey('raw', text, sha512, false, ['sign'])).rejects.toThrow(TypeError)
  await expect(subtle.sign('Ed25519', key, text)).rejects.toThrow(TypeError)
})

test('the clock counts milliseconds, and their parts', async () => {
  const began = [clock.now(), performance.now()] as const
  await setTimeout(60)
  const [ours, nodes] = [clock.now() - began[0], performance.now() - began[1]]
  expect(Math.abs(ours - nodes)).toBeLessThan(30)
  expect([clock.now(), clock.now(), clock.now()].every(Number.isInteger)).toBe(false)
})
