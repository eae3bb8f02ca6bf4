/** What can happen in schedules, and how it is seen in a run that it did: by what the proxies saw, never by what was meant. */
import type { ScheduleRun, Told } from './schedule.ts'

/** How often something happened in a run. */
type Times = (run: ScheduleRun) => number

const calls =
  (did: (call: Told, run: ScheduleRun) => boolean): Times =>
  (run) =>
    run.calls.filter((call) => did(call, run)).length

const isDone = ({ landed }: Told): boolean => landed !== null && landed >= 200 && landed < 300

/** A call that changes a table. */
const swaps = (did: (call: Told, run: ScheduleRun) => boolean): Times =>
  calls((call, run) => call.purpose === 'swap' && did(call, run))

/** What a program was told of a change of a table, which was made or not. */
const told = (status: number): Times =>
  swaps(({ deed, answered }) => /refuse|deny/.test(deed) && answered === status)

const changed =
  (what: string): Times =>
  ({ changes }) =>
    changes.get(what) ?? 0

/** So many conflicts one after the other that nobody made are a storm. */
const stormy = 4

const conflictStorms: Times = ({ calls: all }) =>
  Object.values(Object.groupBy(all, ({ server }) => server)).reduce((sum, own = []) => {
    let row = 0
    let storms = 0
    for (const call of own.filter(({ purpose }) => purpose === 'swap')) {
      row = call.answered === 409 && call.landed === null ? row + 1 : 0
      if (row === stormy) storms++
    }
    return sum + storms
  }, 0)

/** The program went on without it, and then it was done. */
const landsLater = ({ deed, at, landedAt, server, ...call }: Told, run: ScheduleRun): boolean =>
  deed === 'hold' &&
  isDone({ deed, at, landedAt, server, ...call }) &&
  run.calls.some((other) => other.server === server && other.at > at && other.at < (landedAt ?? 0))

/** By name: everything that must have happened in sixty schedules. */
export const happenings: Readonly<Record<string, Times>> = {
  'a request is dropped': swaps(({ deed, landed }) => deed === 'drop' && landed === null),
  'a request breaks off': swaps(({ deed }) => deed === 'tear'),
  'an answer is dropped after it landed': swaps((call) => call.deed === 'lose' && isDone(call)),
  'an answer is cut': swaps((call) => call.deed === 'cut' && isDone(call)),
  'a request is delayed': swaps((call) => call.deed === 'delay' && isDone(call)),
  'an answer is delayed': swaps((call) => call.deed === 'linger' && isDone(call)),
  'a request is sent again by a gateway': swaps(({ deed }) => deed === 'twice'),
  'an abandoned attempt lands later': swaps(landsLater),
  'a storm of 409': conflictStorms,
  ...Object.fromEntries(
    [429, 500, 502, 503, 504].map((status) => [`${status}`, told(status)] as const),
  ),
  'an error is told of what was done': swaps((call) => call.deed === 'deny' && isDone(call)),
  'a load is stale': calls(({ purpose, stale }) => purpose === 'load' && stale),
  'a hint is stale': calls(({ purpose, stale }) => purpose === 'hint' && stale),
  "a catalog's 419": swaps(({ answered }) => answered === 419),
  "a catalog's ExpiredTokenException": swaps(({ code }) => code === 'ExpiredTokenException'),
  "a storage's ExpiredToken": calls(
    ({ purpose, code }) => purpose === 'write' && code === 'ExpiredToken',
  ),
  'a compaction between load and commit': changed('compacted'),
  'a table is deleted between load and commit': changed('drop'),
  'a table is made anew between load and commit': changed('recreate'),
  'a table is renamed between load and commit': changed('rename'),
  'a table is renamed and back between load and commit': changed('rename back'),
  'twins of a request are acknowledged': ({ twins }) => twins,
}

/** How often each of them happened in some runs. */
export const tallyOf = (runs: readonly ScheduleRun[]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(happenings).map(([what, times]) => [
      what,
      runs.reduce((sum, run) => sum + times(run), 0),
    ]),
  )
