// Time that passes only when everybody waits, and a schedule that a seed decides.
import type { Chance } from './random.ts'

interface Event {
  readonly time: number
  /** Among events of one time the order is chance. */
  readonly order: number
  readonly happen: () => void
}

export interface World {
  /** Milliseconds since 1970, of a world that begins in 2026. */
  readonly now: () => number
  /** The same as clocks show it: a whole number. */
  readonly shown: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly at: (time: number, happen: () => void) => void
  /** Lets time pass until nothing is going to happen any more, or `until`. */
  readonly run: (until: number) => Promise<void>
}

export const startOfTime = Date.UTC(2026, 0, 1)

/** Everything that can go on now goes on, until all wait. */
const allWait = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A world of its own: no timer is real. `settled`: when nothing goes on that takes no virtual time; `begin`: its first moment. */
export const createWorld = (chance: Chance, settled = allWait, begin = startOfTime): World => {
  let now = begin
  const events: Event[] = []

  const at = (time: number, happen: () => void): void => {
    const event = { time: Math.max(time, now), order: chance.next(), happen }
    let i = events.length++
    // A heap, the first event at its root.
    for (; i > 0; ) {
      const parent = (i - 1) >> 1
      const above = events[parent] as Event
      if (!isBefore(event, above)) break
      events[i] = above
      i = parent
    }
    events[i] = event
  }
  const next = (): Event => {
    const first = events[0] as Event
    const last = events.pop() as Event
    if (events.length === 0) return first
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= events.length) break
      const right = events[child + 1]
      if (right !== undefined && isBefore(right, events[child] as Event)) child++
      if (!isBefore(events[child] as Event, last)) break
      events[i] = events[child] as Event
      i = child
    }
    events[i] = last
    return first
  }
  return {
    now: () => now,
    shown: () => Math.round(now),
    sleep: (ms) => new Promise((resolve) => at(now + ms, resolve)),
    at,
    async run(until) {
      for (;;) {
        await settled()
        const first = events[0]
        if (first === undefined || first.time > until) return
        now = first.time
        next().happen()
      }
    },
  }
}

const isBefore = (a: Event, b: Event): boolean =>
  a.time < b.time || (a.time === b.time && a.order < b.order)
