import type { Admission, Reservation } from './admission.ts'
import { bodyTooLarge, type Receive, readBody } from './body.ts'
import { type Decode, declaredLength, decoderOf, type Inflate } from './negotiation.ts'

/** Bounds of one request and of all together. */
export interface Limits {
  /** Bytes of a body, on the wire and after decompression. */
  readonly maxPayloadBytes: number
  /** Bytes of all bodies in flight. At least `maxPayloadBytes`, or the largest bodies never fit. */
  readonly maxInflightBytes: number
  /** Milliseconds from a body's last byte to the answer; also those without a byte after which a body is given up. */
  readonly requestDeadlineMs: number
}

export interface IntakeOptions {
  readonly receive: Receive
  readonly inflate: Inflate
  readonly limits: Limits
  readonly admission: Admission
}

/** A body as it came, the room held for it, and the way to what it contains. */
export interface Intake {
  /** Bytes on the wire. */
  readonly wireBytes: number
  readonly reservation: Reservation
  /** The body after decompression; from then on the room held is its size. */
  readonly inflated: () => Promise<Uint8Array>
}

/**
 * Takes a request's body in: refuses what can be refused by its headers alone before a byte is
 * read, holds room for what arrives, stops at the limits. The caller releases the reservation.
 *
 * @throws IngestError `unsupported`, `too-large`, `overloaded`, `stalled`
 */
export const takeIn = async (
  request: Request,
  env: unknown,
  { receive, inflate, limits, admission }: IntakeOptions,
): Promise<Intake> => {
  const decode = decoderOf(request.headers.get('content-encoding') ?? undefined, inflate)
  const declared = declaredLength(request.headers.get('content-length') ?? undefined) ?? 0
  const bounds = { bytes: limits.maxPayloadBytes, idleMs: limits.requestDeadlineMs }
  if (declared > bounds.bytes) throw bodyTooLarge(bounds.bytes)
  const reservation = admission.reserve(declared)
  try {
    const feed = (take: (chunk: Uint8Array) => boolean) => receive(request, env, take)
    const wire = await readBody(feed, bounds, declared, reservation.grow)
    const wireBytes = wire.length
    return { wireBytes, reservation, inflated: inflating(wire, decode, limits, reservation) }
  } catch (error) {
    reservation.release()
    throw error
  }
}

/**
 * Inflates once, and lets go of what came. Nobody waits for room: of several bodies that grow at once, each would wait for
 * what another holds.
 */
const inflating = (
  wire: Uint8Array,
  decode: Decode | undefined,
  { maxPayloadBytes, maxInflightBytes }: Limits,
  reservation: Reservation,
): Intake['inflated'] => {
  let body = wire
  // Both are there at once; one that is alone has room all the same.
  const hold = (bytes: number): void =>
    reservation.grow(Math.min(body.length + bytes, maxInflightBytes))
  return async () => {
    if (decode === undefined) return body
    const bytes = await decode(body, maxPayloadBytes, hold)
    body = bytes
    reservation.resize(bytes.length)
    return bytes
  }
}
