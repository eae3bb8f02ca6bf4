import { IngestError } from '../errors.ts'

/**
 * Hands a request's body to `take`, chunk by chunk as it arrives. Resolves at its end; rejects with
 * what `take` threw (then nothing more is taken), or when the sender is gone. A chunk that `take`
 * says it keeps belongs to the taker; the memory of others is free again. A runtime that has
 * something faster than a web stream brings its own.
 *
 * `env` is what the runtime gave the application beside the request (Hono's `c.env`).
 */
export type Receive = (
  request: Request,
  env: unknown,
  take: (chunk: Uint8Array) => boolean,
) => Promise<void>

/** How much of a body is taken, and how long it is waited for. */
export interface BodyLimits {
  /** Bytes on the wire. */
  readonly bytes: number
  /** Milliseconds without a byte. */
  readonly idleMs: number
}

/** Reads the body as the fetch API offers it. */
export const receiveStream: Receive = async (request, _env, take) => {
  const reader = request.body?.getReader()
  if (reader === undefined) return
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      take(value)
    }
  } catch (error) {
    reader.cancel().catch(() => {})
    throw error
  }
}

/**
 * Collects a body.
 *
 * @param receive feeds the chunks
 * @param declared the sender's `Content-Length`, at most the limit; 0 without one. Only a hint:
 *   memory that nothing arrives for is never touched
 * @param admit told the bytes that have arrived; throws when there is no room for them
 * @returns the body, as one array
 * @throws IngestError `too-large` past the limit, whatever `Content-Length` said; `stalled` when
 *   the sender pauses too long, sends too slowly or goes away
 */
export const readBody = async (
  receive: (take: (chunk: Uint8Array) => boolean) => Promise<void>,
  limits: BodyLimits,
  declared: number,
  admit: (bytes: number) => void,
): Promise<Uint8Array> => {
  let whole: Uint8Array = new Uint8Array(0)
  let size = 0
  const watch = watchArrival(limits.idleMs)
  const take = (chunk: Uint8Array): boolean => {
    watch.arrived(chunk.length)
    size += chunk.length
    if (size > limits.bytes) throw bodyTooLarge(limits.bytes)
    admit(size)
    whole = withChunk(whole, chunk, size, declared)
    return whole === chunk
  }
  try {
    await Promise.race([watch.silence, receive(take)])
  } catch (error) {
    throw error instanceof IngestError ? error : senderGone(error)
  } finally {
    watch.stop()
  }
  return whole.subarray(0, size)
}

/** The error for a body over the limit, on the wire or after decompression. */
export const bodyTooLarge = (limit: number): IngestError =>
  new IngestError('too-large', `the request body is larger than ${limit} bytes`)

const stalled = (): IngestError =>
  new IngestError('stalled', 'the request body did not arrive in time')

const senderGone = (cause: unknown): IngestError =>
  new IngestError('stalled', 'the request body ended before its end', { cause })

/**
 * Watches that bytes keep coming: one timer, however many chunks. A sender that drips is stalled
 * too: four idle times are granted, and one more for every 64 KiB that arrived.
 */
const watchArrival = (idleMs: number) => {
  const started = performance.now()
  let last = started
  let granted = 4 * idleMs
  let timer: ReturnType<typeof setTimeout>
  let over = false
  const silence = new Promise<never>((_, reject) => {
    const look = (): void => {
      const now = performance.now()
      const left = Math.min(last + idleMs, started + granted) - now
      over = left <= 0
      if (over) reject(stalled())
      else timer = setTimeout(look, left)
    }
    timer = setTimeout(look, idleMs)
  })
  const arrived = (bytes: number): void => {
    if (over) throw stalled()
    last = performance.now()
    granted += (idleMs * bytes) / 65536
  }
  return { silence, arrived, stop: () => clearTimeout(timer) }
}

/**
 * Puts a chunk behind what came before it, so that `size` bytes are there. A body in one chunk is
 * that chunk; of others each chunk is let go at once, instead of all being held until the end.
 */
const withChunk = (
  whole: Uint8Array,
  chunk: Uint8Array,
  size: number,
  declared: number,
): Uint8Array => {
  const before = size - chunk.length
  if (before === 0 && size >= declared) return chunk
  let room = whole
  if (size > whole.length) {
    room = new Uint8Array(Math.max(size, declared, 2 * before))
    room.set(whole.subarray(0, before))
  }
  room.set(chunk, before)
  return room
}
