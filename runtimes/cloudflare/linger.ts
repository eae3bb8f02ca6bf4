/** Milliseconds for which the rest of a body is read whose answer is known. */
const lingerMs = 5_000

/** Bytes that are read at once, into the same memory. */
const chunkBytes = 65536

/**
 * Reads what is left of a request's body, and forgets it. An answer that comes before the body's end (401, 413, 503) ends the
 * connection, and a sender that is still writing sees that end instead of the answer. One that takes too long is not waited for.
 */
export const readToItsEnd = async ({ body }: Request): Promise<void> => {
  // Somebody still waits for its next byte, or has read the last.
  if (body === null || body.locked) return
  const reader = body.getReader({ mode: 'byob' })
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, lingerMs)
  await Promise.race([late, readAll(reader)])
  clearTimeout(timer)
  reader.cancel().catch(() => {})
}

const readAll = async (reader: ReadableStreamBYOBReader): Promise<void> => {
  let room = new Uint8Array(chunkBytes)
  try {
    for (;;) {
      const { done, value } = await reader.read(room)
      if (done) return
      room = new Uint8Array(value.buffer)
    }
  } catch {
    // The sender is gone.
  }
}
