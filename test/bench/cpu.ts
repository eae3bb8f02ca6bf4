/** Time as the processor counts it: on a machine that others use, the clock on the wall counts them too. */
import { readdirSync, readFileSync } from 'node:fs'

/** What one measured round took. */
export interface Spent {
  /** Microseconds of CPU, user and system, of all of the process's threads. */
  readonly cpu: number
  /** Microseconds on the wall. */
  readonly wall: number
}

/** Runs `work`, which is `await`ed, and says what it took of this process. */
export const spentBy = async (work: () => unknown): Promise<Spent> => {
  const started = performance.now()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { cpu: user + system, wall: (performance.now() - started) * 1000 }
}

/** The round that took the least CPU: what disturbs only ever adds. */
export const best = (rounds: readonly Spent[]): Spent =>
  rounds.reduce((least, round) => (round.cpu < least.cpu ? round : least))

/**
 * Microseconds of CPU that a process has taken so far, user and system: the sum over its threads,
 * none of which has ended yet. Nanoseconds are counted, /proc/<pid>/stat has hundredths of a second.
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
