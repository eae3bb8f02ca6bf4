/** Random decisions that a seed repeats: what makes one request appear in many spellings. */
export interface Random {
  /** An integer in [0, below). */
  below(below: number): number
  /** True once in `n` times. */
  oneIn(n: number): boolean
}

/** A generator from a 32-bit seed (mulberry32). */
export const random = (seed: number): Random => {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(next() * n)
  return { below, oneIn: (n) => below(n) === 0 }
}

/** No variation at all: the plain spelling. */
export const plain: Random = { below: () => 0, oneIn: () => false }

/** A random order of streams that keeps each stream's own order. */
export const interleave = <T>(streams: readonly (readonly T[])[], random: Random): T[] => {
  const left = streams.filter((stream) => stream.length > 0).map((items) => ({ items, at: 0 }))
  const out: T[] = []
  while (left.length > 0) {
    const index = random.below(left.length)
    const stream = left[index] as (typeof left)[number]
    out.push(stream.items[stream.at++] as T)
    if (stream.at === stream.items.length) left.splice(index, 1)
  }
  return out
}
