/**
 * Who makes tables, and when. Many requests may miss a table at once, and catalogs count what is asked of them in vain: Cloudflare's
 * R2 takes ten new tables a minute, those included that were there already or had no namespace yet ("Limits", rate limits).
 */
import { IngestError } from '../../errors.ts'
import type { LoadedTable, TableIdentifier } from '../catalog.ts'
import type { Clock } from '../retry.ts'
import { within } from '../waiting.ts'

/**
 * What those who make tables of one catalog in one process know of each other. Times and no promises: on Workers a request that
 * waits for another one's promise may wait for ever.
 */
export interface Making {
  /** Until when somebody makes something, by what it is: milliseconds since 1970. He may be gone without a word. */
  readonly busyUntil: Map<string, number>
  /** What was made or found: tables, and their namespaces. */
  readonly known: Set<string>
  /** What the catalog said when it wanted to be left alone, and until when. */
  refused: { readonly until: number; readonly error: IngestError } | null
}

/** Nobody makes anything yet. */
export const createMaking = (): Making => ({
  busyUntil: new Map(),
  known: new Set(),
  refused: null,
})

export interface Turn {
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  /** Loads the table; null where there is none. */
  readonly look: () => Promise<LoadedTable | null>
  readonly make: () => Promise<LoadedTable>
}

/** Longer than a request waits for a table. */
const longestMs = 5_000
const lookAgainMs = 50

/**
 * Makes a table when nobody else makes it, nor a first one in its namespace: that one finds out whether the namespace is there.
 * @returns what somebody else has made meanwhile, where that is so
 * @throws what the catalog said last, while it wants to be left alone
 */
export const makeInTurn = async (
  making: Making,
  { namespace, name }: TableIdentifier,
  { clock, signal, look, make }: Turn,
): Promise<LoadedTable> => {
  const [place, own] = [JSON.stringify(namespace), JSON.stringify([...namespace, name])]
  const deed = (): string => (making.known.has(place) ? own : place)
  const isBusy = (): boolean => (making.busyUntil.get(deed()) ?? 0) > clock.now()
  while (isBusy()) {
    await within(clock.sleep(lookAgainMs), signal).catch(tooLate)
    // Who was waited for may have made another one.
    const table = !isBusy() && making.known.has(own) ? await look() : null
    if (table !== null) return table
  }
  if (making.refused !== null && clock.now() < making.refused.until) throw making.refused.error
  const mine = deed()
  const until = clock.now() + longestMs
  making.busyUntil.set(mine, until)
  try {
    const table = await make()
    making.known.add(place).add(own)
    return table
  } finally {
    if (making.busyUntil.get(mine) === until) making.busyUntil.delete(mine)
  }
}

const tooLate = (cause: unknown): never => {
  throw new IngestError('unavailable', 'cannot make a table in time', { cause })
}
