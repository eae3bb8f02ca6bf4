// Chance that a seed decides.

/** Numbers as `Math.random` gives them, the same ones for the same seed (mulberry32). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface Chance {
  /** 0 <= x < 1 */
  readonly next: () => number
  readonly between: (least: number, most: number) => number
  /** A whole number of `least` to `most`. */
  readonly whole: (least: number, most: number) => number
  readonly happens: (probability: number) => boolean
  readonly pick: <T>(items: readonly T[]) => T
}

/** Chance of one seed. */
export const createChance = (seed: number): Chance => {
  const next = seededRandom(seed)
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    whole,
    happens: (probability) => next() < probability,
    pick: <T>(items: readonly T[]) => items[whole(0, items.length - 1)] as T,
  }
}
