import { IngestError } from '../errors.ts'
import type { Admission, Reservation } from './admission.ts'
import { bodyTooLarge, type Receive, readBody } from './body.ts'
import { declaredLength, decoderOf, type Inflate } from './negotiation.ts'

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
    const inflated = async () =>
      decode === undefined ? wire : inflateWithin(decode, wire, bounds.bytes, reservation)
    return { wireBytes: wire.length, reservation, inflated }
  } catch (error) {
    reservation.release()
    throw error
  }
}

/** Inflates into the room there is: past the limit is the sender's fault, past the room is not. */
const inflateWithin = async (
  decode: NonNullable<Inflate[string]>,
  wire: Uint8Array,
  limit: number,
  reservation: Reservation,
): Promise<Uint8Array> => {
  const room = Math.min(limit, reservation.available())
  try {
    const bytes = await decode(wire, room)
    reservation.resize(bytes.length)
    return bytes
  } catch (error) {
    if (!(error instanceof IngestError) || error.kind !== 'too-large') throw error
    throw room < limit
      ? new IngestError('overloaded', 'too many bytes in flight, try again')
      : bodyTooLarge(limit)
  }
}
