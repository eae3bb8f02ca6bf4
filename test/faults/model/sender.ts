// Who sends requests, and what they were told.
import type { Chance } from './random.ts'
import type { World } from './world.ts'

export interface Request {
  readonly id: string
  readonly startsAt: number
  /** Rows for each of its partitions. */
  readonly counts: readonly number[]
  acknowledged: boolean
}

/** What a process answers; never, when it crashed. */
export type Deliver = (request: Request) => Promise<200 | 503>

/** A sender waits for so long. */
const patienceMs = 10_000

/** Sends a request until it is acknowledged, at most `tries` times, sometimes twice at once, of which `twin` is told. */
export const send = async (
  request: Request,
  tries: number,
  deliver: Deliver,
  world: World,
  chance: Chance,
  twins: number,
  lost: number,
  twin: () => void = () => {},
): Promise<void> => {
  for (let i = 0; i < tries && !request.acknowledged; i++) {
    const copies = chance.happens(twins) ? 2 : 1
    if (copies > 1) twin()
    const answers = Array.from({ length: copies }, async () => {
      if (chance.happens(lost)) return world.sleep(patienceMs)
      await world.sleep(chance.between(0, 5))
      const status = await Promise.race([deliver(request), world.sleep(patienceMs)])
      // An answer may be lost on its way; the sender does not know then.
      if (status === 200 && !chance.happens(lost)) request.acknowledged = true
    })
    await Promise.all(answers)
    if (!request.acknowledged) await world.sleep(chance.between(50, 3_000))
  }
}
