/** Time as the processor counts it: on a machine that others use, the clock on the wall counts them too. */
import { readdirSync, readFileSync } from 'node:fs'

/** How long to measure. */
export interface Effort {
  /** Records in a round, at the least; a round has at least one request. */
  readonly records: number
  readonly rounds: number
  /** Records before the first round: until everything is compiled. */
  readonly warmUp: number
}

/** What one measured round took. */
export interface Spent {
  /** Microseconds of CPU, user and system, of all of the process's threads. */
  readonly cpu: number
  /** Microseconds on the wall. */
  readonly wall: number
}

/**
 * Measures rounds of `requests` requests after those that warm up, and returns the round that took
 * the least CPU: what disturbs only ever adds.
 *
 * @param prepare makes a round's bodies, which is not measured
 * @param cpu microseconds of CPU taken so far
 */
export const bestRound = async <T>(
  { records, rounds, warmUp }: Effort,
  prepare: () => T | Promise<T>,
  work: (prepared: T) => Promise<unknown>,
  cpu: () => number,
): Promise<Spent> => {
  let best: Spent = { cpu: Number.POSITIVE_INFINITY, wall: Number.POSITIVE_INFINITY }
  for (let round = -Math.ceil(warmUp / records); round < rounds; round++) {
    const prepared = await prepare()
    const started = performance.now()
    const before = cpu()
    await work(prepared)
    const spent = { cpu: cpu() - before, wall: (performance.now() - started) * 1000 }
    if (round >= 0 && spent.cpu < best.cpu) best = spent
  }
  return best
}

/**
 * Microseconds of CPU that a process has taken so far, user and system: the sum over its threads,
 * none of which has ended yet. Nanoseconds are counted; /proc/<pid>/stat has hundredths of a second.
 */
export const cpuOf = (pid: number): number => {
  const tasks = `/proc/${pid}/task`
  const nanoseconds = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'latin1').split(' ', 1)),
  )
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000
}

/** The most memory that a process ever held resident, in bytes (`VmHWM`). */
export const peakMemoryOf = (pid: number): number => {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  return Number(found?.[1]) * 1024
}

/** The middle one; of an even number the higher of both. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
