import { IngestError } from '../errors.ts'

/** Room held for one request, from its first header to the end of its work. */
export interface Reservation {
  /** Holds at least so many bytes; `overloaded` when they do not fit. */
  grow(bytes: number): void
  /** Holds exactly so many bytes; `overloaded` when they do not fit. */
  resize(bytes: number): void
  /** Gives everything back. Calling it again does nothing. */
  release(): void
}

/** Bytes in flight: what the bodies of all requests occupy together stays below a limit. */
export interface Admission {
  /** Holds room for a body of so many bytes; `overloaded` when there is none. */
  reserve(bytes: number): Reservation
}

/**
 * Admission by bytes in flight.
 *
 * @param limit bytes of all requests together
 * @param changed told the new sum whenever it changes
 */
export const createAdmission = (limit: number, changed: (bytes: number) => void): Admission => {
  let used = 0
  const take = (bytes: number): void => {
    if (bytes > 0 && used + bytes > limit) {
      throw new IngestError('overloaded', 'too many bytes in flight, try again')
    }
    used += bytes
    changed(used)
  }
  return {
    reserve(bytes) {
      take(bytes)
      return reservation(bytes, take)
    },
  }
}

const reservation = (initial: number, take: (bytes: number) => void): Reservation => {
  let held = initial
  const resize = (bytes: number): void => {
    take(bytes - held)
    held = bytes
  }
  return {
    resize,
    grow: (bytes) => (bytes > held ? resize(bytes) : undefined),
    release: () => (held > 0 ? resize(0) : undefined),
  }
}
