// Protects senders from losing what they sent: of all that decoders fail with, only what is said of the bytes makes a body
// malformed, which nobody sends again. Node tells by a code, Workers by words.
import * as zlib from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { contentCodings } from '../../runtimes/shared/content-codings.ts'

/** What the next decodings fail with, instead of being done. */
const failing = vi.hoisted(() => ({ error: undefined as unknown }))

vi.mock('node:zlib', async (original) => {
  const real = await original<typeof zlib>()
  const names = ['gunzip', 'inflate', 'inflateRaw', 'zstdDecompress'] as const
  // A proxy keeps what `promisify` looks for on the function.
  const faulty = <F extends object>(decode: F): F =>
    new Proxy(decode, {
      apply: (target, self, args) =>
        failing.error === undefined
          ? Reflect.apply(target as never, self, args)
          : args.at(-1)(failing.error),
    })
  return { ...real, ...Object.fromEntries(names.map((name) => [name, faulty(real[name])])) }
})

afterEach(() => {
  failing.error = undefined
})

const codings = contentCodings()
const bodies = {
  gzip: zlib.gzipSync('{}'),
  deflate: zlib.deflateSync('{}'),
  zstd: zlib.zstdCompressSync('{}'),
}

const kindOf = (coding: keyof typeof bodies, error: unknown) => {
  failing.error = error
  return codings[coding]?.(bodies[coding], 1 << 20, () => {}).then(
    () => 'fine',
    (thrown) => thrown.kind,
  )
}

const coded = (code: string, message = code) => Object.assign(new Error(message), { code })

describe('trouble of this machine may pass: the sender comes again', () => {
  test.each([
    ['no memory for zlib', coded('Z_MEM_ERROR')],
    ['no memory for zstd', coded('ZSTD_error_memory_allocation')],
    ['no memory for the output', new RangeError('Array buffer allocation failed')],
    ['no decoder', coded('ERR_ZLIB_INITIALIZATION_FAILED')],
    ['what nobody has heard of', coded('ZSTD_error_of_tomorrow')],
  ])('%s', async (_what, error) => {
    for (const coding of ['gzip', 'deflate', 'zstd'] as const) {
      expect(await kindOf(coding, error), coding).toBe('unavailable')
    }
  })
})

describe("what zstd says of bytes is the sender's to mend", () => {
  const known = Object.keys(zlib.constants).filter((name) => name.startsWith('ZSTD_error_'))
  const ours = [
    ...['no_error', 'GENERIC', 'dictionaryCreation_failed', 'parameter_unsupported'],
    ...['parameter_combination_unsupported', 'parameter_outOfBound', 'stage_wrong'],
    ...['stabilityCondition_notRespected', 'init_missing', 'memory_allocation', 'dstBuffer_null'],
    ...['workSpace_tooSmall', 'noForwardProgress_destFull', 'noForwardProgress_inputEmpty'],
  ].map((name) => `ZSTD_error_${name}`)
  test.each(known)('%s', async (code) => {
    expect(await kindOf('zstd', coded(code))).toBe(
      ours.includes(code) ? 'unavailable' : 'malformed',
    )
  })
  test("all of ours are zstd's", () => expect(known).toEqual(expect.arrayContaining(ours)))

  const failed = (words: string) => `Zstd decompression failed: ${words}`
  test.each([
    ['unexpected end of file', 'malformed'],
    [failed('Unknown frame descriptor'), 'malformed'],
    [failed("Restored data doesn't match checksum"), 'malformed'],
    [failed('Frame requires too much memory for decoding'), 'malformed'],
    [failed('Allocation error : not enough memory'), 'unavailable'],
    [failed('workSpace buffer is not large enough'), 'unavailable'],
    [failed('Operation made no progress over multiple calls'), 'unavailable'],
    [failed('Error (generic)'), 'unavailable'],
    [failed('Unspecified error code'), 'unavailable'],
  ])('on Workers: %s', async (message, kind) => {
    expect(await kindOf('zstd', coded('ERR_ZSTD_DECOMPRESSION_FAILED', message))).toBe(kind)
  })
})
