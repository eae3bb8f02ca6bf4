// What lies between a process and the servers: every request of ours and every answer passes here, or does not.
import { IngestError } from '../../../src/errors.ts'
import type { Process } from './process.ts'
import type { Chance } from './random.ts'
import { startOfTime, type World } from './world.ts'

export type Call =
  | ('put' | 'get' | 'head' | 'list' | 'remove' | 'delete')
  | ('load' | 'create' | 'commit')

/**
 * - `dropped`: the request never arrives, and nobody says so
 * - `answer`: it is done, and the answer never arrives
 * - `cut`: the connection breaks; it is done or not
 * - `late`: it is done long after everybody stopped waiting
 * - `slow`: it is done, and takes long
 * - `409`, `429`, `401` (credentials have expired): refused, nothing is done; `5xx`: done or not
 * - `stale`: a load tells of an earlier moment
 */
export const faults = [
  ...(['dropped', 'answer', 'cut', 'late', 'slow', '409', '429', '401', '500', '502'] as const),
  ...(['503', '504', 'stale'] as const),
]

export type Fault = (typeof faults)[number]

/** A request that came to nothing, as far as its sender knows. */
export class Failed extends IngestError {
  readonly fault: Fault
  readonly retryAfterMs: number

  constructor(fault: Fault, retryAfterMs = 0) {
    super('unavailable', `a call failed: ${fault}`)
    this.fault = fault
    this.retryAfterMs = retryAfterMs
  }
}

export interface Network {
  /** Sends a request. `act` is what the server does, at whatever time it arrives. */
  send<T>(process: Process, call: Call, act: () => Promise<T>, signal?: AbortSignal): Promise<T>
  /** Whether the next load is stale. */
  isStale(): boolean
  /** No more faults. */
  heal(): void
  /** What no process may ever do, and did; what another writer could not do for that. */
  readonly forbidden: Set<string>
  readonly tally: Tally
}

/** How often what happened: faults by the call that they befell, `commit 503`, and `commit 503 done` where it was done. */
export type Tally = Map<string, number>

/** Counts what happened. */
export const count = (tally: Tally, what: string): void =>
  void tally.set(what, (tally.get(what) ?? 0) + 1)

/** Whether a call changed anything: a commit may come to nothing, and so may a put that others were faster with. */
const isDone = (result: unknown): boolean =>
  result !== 'exists' &&
  result !== 'changed' &&
  !(
    typeof result === 'object' &&
    result !== null &&
    'kind' in result &&
    result.kind !== 'committed'
  )

/** Clients of storages and catalogs give up by themselves. */
export const timeoutMs = 3_000

interface Storm {
  readonly from: number
  readonly to: number
  readonly fault: Fault
}

/** A network whose faults, and how many they are, a seed decides. */
export const createNetwork = (world: World, chance: Chance, tally: Tally): Network => {
  const forbidden = new Set<string>()
  const probability = chance.pick([0, 0.03, 0.1, 0.25, 0.5])
  const possible = faults.filter(() => chance.happens(0.5))
  const slowest = chance.pick([2, 30, 300])
  const storms: Storm[] = Array.from({ length: chance.whole(0, 2) }, () => {
    const from = startOfTime + chance.between(0, 25_000)
    return { from, to: from + chance.between(500, 9_000), fault: chance.pick(faults) }
  })
  let healed = false

  const faultOf = (): Fault | null => {
    if (healed) return null
    const storm = storms.find(({ from, to }) => from <= world.now() && world.now() < to)
    if (storm !== undefined && chance.happens(0.9)) return storm.fault
    return possible.length > 0 && chance.happens(probability) ? chance.pick(possible) : null
  }
  const latency = () => world.sleep(chance.between(1, slowest))

  const exchange = async <T>(call: Call, act: () => Promise<T>): Promise<T> => {
    const fault = faultOf()
    await latency()
    /** It is done, whoever is told. */
    const land = async (): Promise<void> => {
      if (isDone(await act().catch(() => 'exists'))) count(tally, `${call} ${fault} done`)
    }
    if (fault !== null && fault !== 'stale') count(tally, `${call} ${fault}`)
    switch (fault) {
      case 'dropped':
        await world.sleep(timeoutMs)
        throw new Failed(fault)
      case 'answer':
        await land()
        await world.sleep(timeoutMs)
        throw new Failed(fault)
      case 'late':
        world.at(world.now() + chance.between(0, 25_000), () => void land())
        await world.sleep(chance.pick([1, timeoutMs]))
        throw new Failed(fault)
      case '409':
        if (call !== 'commit') break
        throw new Failed(fault)
      case '401':
      case '429':
        throw new Failed(fault, chance.pick([10, 1_000, 60_000]))
      case 'cut':
      case '500':
      case '502':
      case '503':
      case '504':
        if (chance.happens(0.5)) await land()
        throw new Failed(fault, chance.pick([0, 0, 500, 30_000]))
      case 'slow':
        await world.sleep(chance.between(100, 2_900))
        break
    }
    const result = await act()
    await latency()
    return result
  }

  return {
    forbidden,
    tally,
    isStale: () => faultOf() === 'stale',
    heal() {
      healed = true
    },
    async send(process, call, act, signal) {
      await process.running()
      if (call === 'delete') forbidden.add('an object was deleted')
      const answer = exchange(call, act)
      answer.catch(() => {})
      try {
        return await (signal === undefined ? answer : Promise.race([answer, aborted(signal)]))
      } finally {
        await process.running()
      }
    },
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const abort = () => reject(new Failed('dropped'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
  })
