// Protects: a body on Workers arrives whole, whatever becomes of its chunks, and its memory is used again only when it is free.
import { expect, test } from 'vitest'
import { receiveInto } from '../../runtimes/cloudflare/receive.ts'
import { readBody } from '../../src/http/body.ts'

const size = 300_000
const content = Uint8Array.from({ length: size }, (_, i) => (Math.imul(i, i) >>> 7) & 0xff)

/** A body in chunks of so many bytes, as Workers have bodies: a stream of bytes. */
const requestOf = (bytes: Uint8Array, chunk: number, headers = {}): Request => {
  let at = 0
  const body = new ReadableStream({
    type: 'bytes',
    pull(controller) {
      if (at < bytes.length) {
        controller.enqueue(bytes.slice(at, at + chunk))
        at += chunk
      } else {
        controller.close()
        controller.byobRequest?.respond(0)
      }
    },
  })
  return new Request('http://x', { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
}

const read = (request: Request, declared = 0) =>
  readBody(
    (take) => receiveInto(request, {}, take),
    { bytes: size, idleMs: 1000 },
    declared,
    () => {},
  )

test.each([1000, 65_536, 100_000, size])('chunks of %i bytes', async (chunk) => {
  expect(await read(requestOf(content, chunk))).toEqual(content)
  const declared = requestOf(content, chunk, { 'Content-Length': String(size) })
  expect(await read(declared, size)).toEqual(content)
})

test('chunks that are not kept have one memory, those that are kept one each', async () => {
  const room = async (keep: boolean) => {
    const chunks: Uint8Array[] = []
    await receiveInto(requestOf(content, 50_000), {}, (chunk) => {
      chunks.push(chunk)
      return keep
    })
    return chunks.map(({ buffer }) => buffer.byteLength)
  }
  // What is used again is taken away from who did not keep it.
  expect(await room(false)).toEqual([0, 0, 0, 0, 0, 0])
  expect(await room(true)).toEqual(Array(6).fill(65_536))
})

test('a small body takes no more memory than it has bytes', async () => {
  const small = content.slice(0, 100)
  const body = await read(requestOf(small, 100, { 'Content-Length': '100' }), 100)
  expect(body).toEqual(small)
  expect(body.buffer.byteLength).toBe(100)
})

test('no body at all, and one that is refused', async () => {
  expect(await read(new Request('http://x', { method: 'POST' }))).toEqual(new Uint8Array(0))
  const tooLarge = receiveInto(requestOf(content, 1000), {}, () => {
    throw new Error('enough')
  })
  await expect(tooLarge).rejects.toThrow('enough')
})
