import { IngestError } from '../errors.ts'

/**
 * Hands a request's body to `take`, chunk by chunk as it arrives. Resolves at its end; rejects with
 * what `take` threw (then nothing more is taken), or when the sender is gone. A chunk's memory
 * belongs to the taker. A runtime that has something faster than a web stream brings its own.
 *
 * `env` is what the runtime gave the application beside the request (Hono's `c.env`).
 */
export type Receive = (
  request: Request,
  env: unknown,
  take: (chunk: Uint8Array) => void,
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
 * @param admit told the bytes that have arrived; throws when there is no room for them
 * @returns the body, as one array
 * @throws IngestError `too-large` past the limit, whatever `Content-Length` said; `stalled` when
 *   the sender pauses too long, sends too slowly or goes away
 */
export const readBody = async (
  receive: (take: (chunk: Uint8Array) => void) => Promise<void>,
  limits: BodyLimits,
  admit: (bytes: number) => void,
): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let size = 0
  const watch = watchArrival(limits.idleMs)
  const take = (chunk: Uint8Array): void => {
    watch.arrived(chunk.length)
    size += chunk.length
    if (size > limits.bytes) throw bodyTooLarge(limits.bytes)
    admit(size)
    chunks.push(chunk)
  }
  try {
    await Promise.race([watch.silence, receive(take)])
  } catch (error) {
    throw error instanceof IngestError ? error : senderGone(error)
  } finally {
    watch.stop()
  }
  return join(chunks, size)
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

const join = (chunks: readonly Uint8Array[], size: number): Uint8Array => {
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0]
  const whole = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}
