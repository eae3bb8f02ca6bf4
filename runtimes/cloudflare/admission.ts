import { type Admission, createAdmission, type Reservation } from '../../src/app.ts'

/** Milliseconds after which a request is over, however it ended: its deadline, and what slow bodies are granted. */
const longestMs = 120_000

/**
 * Admission for an isolate, whose requests share its memory. A request whose sender is gone may be stopped by the platform
 * wherever it is, without giving anything back: what it held is free when no request could live that long.
 */
export const createAdmissionOfIsolate = (limit: number, now = Date.now): Admission => {
  const whole = createAdmission(limit, () => {})
  const held = new Map<Reservation, number>()
  const expire = (): void => {
    for (const [reservation, since] of held) {
      // In the order in which they came.
      if (since > now() - longestMs) return
      held.delete(reservation)
      reservation.release()
    }
  }
  return {
    reserve(bytes) {
      expire()
      const reservation = whole.reserve(bytes)
      held.set(reservation, now())
      const release = (): void => {
        held.delete(reservation)
        reservation.release()
      }
      return { ...reservation, release }
    },
  }
}
