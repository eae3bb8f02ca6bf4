/**
 * Memory between events. V8 keeps what it once had, and sees nothing of what lies outside its heap: parquet-wasm's memory,
 * columns. One costly body is no harm; the next one would stand on what is left of those before it.
 */

export interface Memory {
  /** Bytes of the function. */
  readonly size: number
  /** Bytes that the process has now. */
  readonly used: () => number
  /** Gives back all that is not in use: tens of milliseconds of CPU time. */
  readonly collect: () => void
}

/** Parts of the function's memory: below the first nothing is done, and by the second it has grown since that was done last. */
const [threshold, growth] = [1 / 2, 1 / 8]

/** What is called after each event: gives memory back when half of the function's is used, and more than last time. */
export const createGiveBack = ({ size, used, collect }: Memory): (() => void) => {
  let left = 0
  return () => {
    const now = used()
    // What was in use at the time may be garbage by now.
    left = Math.min(left, now)
    if (now < size * threshold || now < left + size * growth) return
    collect()
    left = used()
  }
}

/** The memory of this process, as Lambda says how much there is of it. */
export const memoryOf = ({
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: megabytes,
}: NodeJS.ProcessEnv): Memory => ({
  size: (Number(megabytes) || 512) * 2 ** 20,
  used: () => process.memoryUsage.rss(),
  // Lambda's runtime starts Node with --expose-gc.
  collect: () => globalThis.gc?.({ type: 'major', flavor: 'last-resort' }),
})
