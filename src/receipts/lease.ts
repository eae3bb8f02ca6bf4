/**
 * A lease on the work of sweeping: who holds it sweeps, others leave the work to him. It only saves work. That two sweeps do
 * no harm is the commit rule's doing, so whatever is wrong with a lease (lost, unreadable, out of reach) holds up nobody.
 */
import { wordsOf } from '../errors.ts'
import type { Clock } from '../iceberg/retry.ts'
import type { Log } from '../log.ts'
import type { PutOptions, Storage } from '../storage/storage.ts'

/** Never throws. */
export interface HeldLease {
  /** To be called while the work goes on; false when another has taken the lease, which was over. */
  renew(): Promise<boolean>
  /** Who holds a lease gives it back when he is done. */
  release(): Promise<void>
}

export interface Lease {
  /**
   * Takes the lease for work that ends by then, in milliseconds since 1970; null while another has it. It is over sooner unless
   * it is renewed. Never throws.
   */
  take(until: number): Promise<HeldLease | null>
}

/**
 * The longest that a lease stands by itself: so long nobody sweeps when its program was killed. Shorter, and a page that takes long
 * would be taken up by another, for nothing.
 */
const leaseMs = 120_000

const key = '_receipts/sweep.json'

/** A lease for longer than this was taken by a clock that is far off: nobody sweeps for so long. */
const longestMs = 3_600_000

/** The lease on the sweeps of a storage's receipts. */
export const createLease = (storage: Storage, clock: Clock, log: Log): Lease => {
  const holder = crypto.randomUUID()

  /** `until`: of the work. When the lease is over; null where it is another's. */
  const put = async (until: number, options: PutOptions): Promise<number | null> => {
    const end = Math.min(until, clock.now() + leaseMs)
    const bytes = new TextEncoder().encode(JSON.stringify({ holder, until: end }))
    return (await storage.put(key, bytes, options)) === 'created' ? end : null
  }
  const isOurs = async (): Promise<boolean> => read(await storage.get(key)).holder === holder
  const hold = (until: number, firstEnd: number): HeldLease => {
    let end = firstEnd
    return {
      async renew() {
        if (end >= until || end - clock.now() > leaseMs / 2) return true
        try {
          if (!(await isOurs())) return false
          end = (await put(until, {})) ?? end
        } catch (error) {
          log('debug', 'a lease is not renewed', { reason: wordsOf(error) })
        }
        return true
      },
      async release() {
        try {
          // Where it was over, it may be another's by now.
          if (await isOurs()) await storage.delete(key)
        } catch (error) {
          log('debug', 'a lease is left to end by itself', { reason: wordsOf(error) })
        }
      },
    }
  }
  return {
    async take(until) {
      const once: PutOptions = { ifNoneMatch: '*' }
      try {
        let end = await put(until, once)
        if (end !== null) return hold(until, end)
        const left = read(await storage.get(key)).until - clock.now()
        if (left > 0 && left < longestMs) return null
        await storage.delete(key)
        end = await put(until, once)
        return end === null ? null : hold(until, end)
      } catch (error) {
        log('debug', 'swept without a lease', { reason: wordsOf(error) })
        return hold(until, until)
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
