/**
 * A lease on the work of sweeping: who holds it sweeps, others leave the work to him. It only saves work. That two sweeps do
 * no harm is the commit rule's doing, so whatever is wrong with a lease (lost, unreadable, out of reach) holds up nobody.
 */
import { wordsOf } from '../errors.ts'
import type { Clock } from '../iceberg/retry.ts'
import type { Log } from '../log.ts'
import type { Storage } from '../storage/storage.ts'

/** Who holds a lease gives it back when he is done. */
export interface HeldLease {
  release(): Promise<void>
}

export interface Lease {
  /** Takes the lease `until` then, in milliseconds since 1970; null while another has it. Never throws. */
  take(until: number): Promise<HeldLease | null>
}

const key = '_receipts/sweep.json'

/** A lease for longer than this was taken by a clock that is far off: nobody sweeps for so long. */
const longestMs = 3_600_000

/** The lease on the sweeps of a storage's receipts. */
export const createLease = (storage: Storage, clock: Clock, log: Log): Lease => {
  const holder = crypto.randomUUID()

  const put = async (until: number): Promise<boolean> => {
    const bytes = new TextEncoder().encode(JSON.stringify({ holder, until }))
    return (await storage.put(key, bytes, { ifNoneMatch: '*' })) === 'created'
  }
  const held: HeldLease = {
    async release() {
      try {
        // Where it was over, it may be another's by now.
        if (read(await storage.get(key)).holder === holder) await storage.delete(key)
      } catch (error) {
        log('debug', 'a lease is left to end by itself', { reason: wordsOf(error) })
      }
    },
  }
  return {
    async take(until) {
      try {
        if (await put(until)) return held
        const { until: end } = read(await storage.get(key))
        const left = end - clock.now()
        if (left > 0 && left < longestMs) return null
        await storage.delete(key)
        return (await put(until)) ? held : null
      } catch (error) {
        log('debug', 'swept without a lease', { reason: wordsOf(error) })
        return held
      }
    },
  }
}

/** What a lease says; one that cannot be read is over. */
const read = (bytes: Uint8Array | null): { readonly holder: unknown; readonly until: number } => {
  try {
    const { holder, until } = JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array()))
    return { holder, until: typeof until === 'number' ? until : 0 }
  } catch {
    return { holder: undefined, until: 0 }
  }
}
