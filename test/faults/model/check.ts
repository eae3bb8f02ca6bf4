// What must hold when a run of the model is over.

import type { LoadedTable } from '../../../src/iceberg/catalog.ts'
import { entryStatus } from '../../../src/iceberg/manifest.ts'
import { currentSnapshot, type TableMetadata } from '../../../src/iceberg/table-metadata.ts'
import { requestIdOf } from '../../tools/append-request.ts'
import { identifier, type Lake } from './lake.ts'
import { type Network, timeoutMs } from './network.ts'
import type { Process } from './process.ts'
import { leftOf } from './receipts.ts'
import { manifestsOf, rowsOf } from './rows.ts'
import type { Request } from './sender.ts'

/** A request in the hands of a process. */
export interface Work {
  readonly process: Process
  readonly startedAt: number
  answeredAt: number | null
  /** When nothing was done for it any more. */
  endedAt: number | null
}

/** What is remembered of a run. */
export interface Run {
  readonly requests: readonly Request[]
  /** Ids of rows that other writers appended. */
  readonly foreign: Set<string>
  readonly works: Work[]
  possibleDuplicates: number
  /** Whether the table ever forgot a snapshot. */
  expired: boolean
  /** Whether it forgot none by which anybody's rows can be found: then nothing may stand twice, whatever is thought possible. */
  remembers: boolean
  droppedAt: number | null
  /** The sequence number of the last compaction. */
  compactedIn: number
}

/** A request is answered by then, whatever becomes of the work. */
export const deadlineMs = 8_000

/** A request's deadline; that of others in whose attempt it is then; and what is under way when that ends. */
const longestMs = deadlineMs + deadlineMs + timeoutMs

/** Every rule that is broken, in words. */
export const check = async (run: Run, lake: Lake, network: Network): Promise<readonly string[]> => {
  const table = await lake.catalog.load(identifier)
  const states = await lake.history()
  const { owed, aside } = await leftOf(lake)
  return [
    ...owed.map((id) => `I8: a receipt of ${id} is still owed`),
    ...(run.droppedAt === null && aside.size > 0 ? ['I8: a receipt was put aside'] : []),
    ...(table === null ? ['the table is gone'] : await checkTable(run, table, aside)),
    ...checkHistory(states),
    ...checkWorks(run),
    ...network.forbidden,
  ]
}

const checkTable = async (
  run: Run,
  table: LoadedTable,
  aside: ReadonlySet<string>,
): Promise<string[]> => {
  const files = (await manifestsOf(table)).flatMap(({ entries }) =>
    entries
      .filter(({ status }) => status !== entryStatus.deleted)
      .map(({ data_file: file }) => file),
  )
  const paths = files.map((file) => file.file_path)
  const sizes = await Promise.all(paths.map(async (path) => (await table.io.head(path))?.size))
  const found = new Map<string, number[]>()
  for (const path of paths) {
    for (const { id, count } of await rowsOf(table, path)) {
      found.set(id, [...(found.get(id) ?? []), count])
    }
  }
  const twice = paths.filter((path, i) => paths.indexOf(path) !== i)
  return [
    ...files
      .filter((file, i) => Number(file.file_size_in_bytes) !== sizes[i])
      .map((file) => `I4: ${file.file_path} is not as long as its entry says`),
    ...twice.map((path) => `I4: ${path} stands twice`),
    ...checkTotals(table.metadata, found, paths.length),
    ...checkRows(run, found, aside),
  ]
}

/**
 * I1 to I3: everything that was acknowledged is there, once, and nothing else. `copies`: by the id of rows, how many rows each
 * copy of them has. `aside`: the requests whose receipts were put aside.
 */
export const checkRows = (
  run: Run,
  copies: ReadonlyMap<string, readonly number[]>,
  aside: ReadonlySet<string>,
): string[] => {
  const found = new Map(copies)
  const violations: string[] = []
  let extra = 0
  for (const { id, counts, acknowledged, startsAt } of run.requests) {
    // It may have been in the table that was dropped.
    const mayBeGone =
      run.droppedAt !== null &&
      (startsAt <= run.droppedAt || aside.has(requestIdOf(Number(id.slice(1)))))
    if (!acknowledged) violations.push(`I5: ${id} was never acknowledged`)
    for (const [day, count] of counts.entries()) {
      const rows = `${id}/${day}`
      const copies = found.get(rows) ?? []
      found.delete(rows)
      if (acknowledged && copies.length === 0 && !mayBeGone) violations.push(`I1: ${rows} is lost`)
      if (copies.some((copy) => copy !== count)) violations.push(`I3: ${rows} is ${copies} rows`)
      extra += Math.max(0, copies.length - 1)
    }
  }
  for (const [id, copies] of found) {
    if (!id.startsWith('f') || copies.length !== 1) violations.push(`I3: ${id} was never sent`)
  }
  const lost = [...run.foreign].filter((id) => !found.has(id))
  if (run.droppedAt === null) violations.push(...lost.map((id) => `I1: ${id} of another is lost`))
  const counted = run.possibleDuplicates
  const allowed = run.remembers ? 0 : counted
  if (extra > allowed) violations.push(`I2: ${extra} stand twice, ${allowed} may`)
  if (counted > 0 && !run.expired && run.droppedAt === null) {
    violations.push(`${counted} called possible duplicates of a table that forgot nothing`)
  }
  return violations
}

const checkTotals = (
  metadata: TableMetadata,
  found: ReadonlyMap<string, readonly number[]>,
  files: number,
): string[] => {
  const summary = currentSnapshot(metadata)?.summary ?? {}
  const rows = [...found.values()].flat().reduce((sum, count) => sum + count, 0)
  const told = (key: string) => Number(summary[key] ?? 0)
  return [
    ...(told('total-records') === rows ? [] : [`I4: ${told('total-records')} of ${rows} rows`]),
    ...(told('total-data-files') === files ? [] : [`I4: ${told('total-data-files')} of ${files}`]),
  ]
}

/** I4: a table's snapshots follow each other, each on the one that was current. */
const checkHistory = (states: readonly TableMetadata[]): string[] =>
  states.slice(1).flatMap((state, i) => {
    const before = states[i] as TableMetadata
    const [now, then] = [currentSnapshot(state), currentSnapshot(before)]
    if (state['table-uuid'] !== before['table-uuid'] || now === null) return []
    if (now['snapshot-id'] === then?.['snapshot-id']) return []
    return now['parent-snapshot-id'] === then?.['snapshot-id'] ? [] : ['I4: history has a break']
  })

/** I7: every request is answered in time, and nothing goes on for ever. */
const checkWorks = ({ works }: Run): string[] =>
  works.flatMap(({ process, startedAt, answeredAt, endedAt }) => {
    if (!process.isAlive()) return []
    const isEnded = endedAt !== null || process.isFrozen()
    if (answeredAt === null || !isEnded) return ['I7: a request never came to an end']
    if (process.disturbed() > 0) return []
    const late = (what: string, at: number, most: number) =>
      at - startedAt <= most
        ? []
        : [`I7: a request was ${what} after ${Math.round(at - startedAt)} ms`]
    return [
      // Times have fractions.
      ...late('answered', answeredAt, deadlineMs + 1),
      ...late('worked on', endedAt ?? startedAt, longestMs),
    ]
  })
