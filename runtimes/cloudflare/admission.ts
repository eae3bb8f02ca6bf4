import { type Admission, createAdmission, type Reservation } from '../../src/app.ts'

/**
 * Milliseconds that a request may go on for beyond its deadline: the platform grants it 30 s once its answer is sent
 * (`waitUntil`), and as much again is room.
 */
const afterDeadlineMs = 60_000

export interface IsolateAdmissionOptions {
  /** Bytes of all requests together. */
  readonly limit: number
  /** Milliseconds from a body's last byte to its answer; also those without a byte after which a body is given up. */
  readonly deadlineMs: number
  readonly now?: () => number
}

/**
 * Admission for an isolate, whose requests share its memory. A request whose sender is gone may be stopped by the platform
 * wherever it is, without giving anything back: what it held is free when no request could live that long since it last asked
 * for room, which one does for each chunk of its body and when that is inflated.
 */
export const createAdmissionOfIsolate = ({
  limit,
  deadlineMs,
  now = Date.now,
}: IsolateAdmissionOptions): Admission => {
  const whole = createAdmission(limit, () => {})
  /** When each last asked, the one first that did so the longest ago. */
  const held = new Map<Reservation, number>()
  const expire = (): void => {
    for (const [reservation, since] of held) {
      if (since > now() - deadlineMs - afterDeadlineMs) return
      held.delete(reservation)
      reservation.release()
    }
  }
  const touch = (reservation: Reservation): void => {
    held.delete(reservation)
    held.set(reservation, now())
  }
  return {
    reserve(bytes) {
      expire()
      const reservation = whole.reserve(bytes)
      touch(reservation)
      const asking =
        (ask: (bytes: number) => void) =>
        (bytes: number): void => {
          touch(reservation)
          ask(bytes)
        }
      return {
        ...reservation,
        grow: asking(reservation.grow),
        resize: asking(reservation.resize),
        release() {
          held.delete(reservation)
          reservation.release()
        },
      }
    },
  }
}
