import type { Receive } from '../../src/app.ts'

/** Bytes that are read at once, at the most. */
const chunkBytes = 65536

/**
 * Reads a body into memory that is used again for each chunk that was copied ("bring your own buffer"): a large body's chunks
 * would else lie around a second time until they are collected.
 */
export const receiveInto: Receive = async (request, _env, take) => {
  const reader = request.body?.getReader({ mode: 'byob' })
  if (reader === undefined) return
  let room = new Uint8Array(roomFor(request))
  try {
    for (;;) {
      const { done, value } = await reader.read(room)
      if (done) return
      room = take(value) ? new Uint8Array(roomFor(request)) : new Uint8Array(value.buffer)
    }
  } catch (error) {
    // What is left is read before the answer.
    reader.releaseLock()
    throw error
  }
}

/** A small body gets no more than it needs: it is kept as it came. */
const roomFor = ({ headers }: Request): number =>
  Math.min(Math.max(1, Number(headers.get('content-length')) || chunkBytes), chunkBytes)
