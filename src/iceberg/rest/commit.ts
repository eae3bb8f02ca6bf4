/** Changes tables, once each: what became of a change is the caller's to look for. */
import { IngestError, OutdatedFilesError } from '../../errors.ts'
import type { CallOptions, CommitOutcome, LoadedTable, TableCommit } from '../catalog.ts'
import { hasAddedSnapshots } from '../table-updates.ts'
import { errorWords } from './answers.ts'
import type { Call } from './client.ts'
import { type Connection, demand, idempotent } from './connection.ts'
import { meaningOf } from './errors.ts'
import type { HttpAnswer } from './http.ts'
import { tableUrl } from './paths.ts'
import { commitBody, metadataOf } from './tables.ts'

/** A catalog that is asked too often and does not say how long to wait. */
const defaultRetryAfterMs = 1_000

/** Sends a commit. `unavailable` when the catalog refuses it for good: nothing changed then. */
export const commitTable = async (
  connection: Connection,
  table: LoadedTable,
  commit: TableCommit,
  { signal }: CallOptions = {},
): Promise<CommitOutcome> => {
  const config = await connection.config(signal)
  demand(config, 'updateTable')
  const call: Call = {
    asked: 'updateTable',
    of: table.identifier,
    metadataSize: table.metadataSize,
    method: 'POST',
    url: tableUrl(config, table.identifier),
    headers: idempotent(connection, config),
    body: commitBody(table.identifier, commit),
    signal,
  }
  const loadedAt = connection.clock.now()
  let answer: HttpAnswer
  try {
    answer = await connection.client.once(call)
  } catch (error) {
    // Nothing was sent, for want of credentials.
    if (error instanceof IngestError) throw error
    return { kind: 'unknown', retryAfterMs: 0, reason: String(error) }
  }
  return outcomeOf(connection, call, answer, { ...table, loadedAt }, commit)
}

const outcomeOf = (
  { client }: Connection,
  call: Call,
  answer: HttpAnswer,
  table: LoadedTable,
  commit: TableCommit,
): CommitOutcome => {
  const { type, message } = errorWords(answer)
  const reason = `${answer.status} ${type} ${message}`
  const { commit: meaning } = meaningOf(answer)
  switch (meaning) {
    case 'done':
      return committed(answer, table, commit)
    case 'conflict':
      return { kind: meaning, reason }
    case 'throttled': {
      const { advice } = client.diagnosis(call, answer)
      const retryAfterMs = answer.retryAfterMs ?? defaultRetryAfterMs
      return { kind: meaning, retryAfterMs, reason, ...(advice !== undefined && { advice }) }
    }
    case 'unknown':
      return { kind: meaning, retryAfterMs: answer.retryAfterMs ?? 0, reason }
    case 'refused': {
      const refused = client.refused(call, answer)
      // What the files were made for is gone: nothing is to be left of them for a table that there is not.
      throw answer.status === 404 ? new OutdatedFilesError(refused.message) : refused
    }
  }
}

/** An answer that says yes must show the change; else a look at the table has to tell. */
const committed = (answer: HttpAnswer, table: LoadedTable, commit: TableCommit): CommitOutcome => {
  try {
    const metadata = metadataOf(answer)
    if (hasAddedSnapshots(metadata, commit.updates)) {
      const now = { ...table, metadata, metadataSize: answer.text.length }
      return { kind: 'committed', table: now }
    }
    return { kind: 'unknown', retryAfterMs: 0, reason: 'an answer without the new snapshot' }
  } catch (error) {
    return { kind: 'unknown', retryAfterMs: 0, reason: String(error) }
  }
}
