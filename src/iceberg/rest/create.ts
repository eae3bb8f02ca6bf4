/** Makes tables and their namespaces. */
import type { CallOptions, LoadedTable, TableCreation, TableIdentifier } from '../catalog.ts'
import type { Call } from './client.ts'
import type { CatalogConfig } from './config.ts'
import { type Connection, demand, idempotent } from './connection.ts'
import { meaningOf } from './errors.ts'
import type { HttpAnswer } from './http.ts'
import { loadTable, opened } from './load.ts'
import { namespacesUrl, tablesUrl } from './paths.ts'
import { createTableBody } from './tables.ts'

/** Makes a table, and its namespace where that is missing; a table that is there is loaded. */
export const createTable = async (
  connection: Connection,
  identifier: TableIdentifier,
  creation: TableCreation,
  { signal }: CallOptions = {},
): Promise<LoadedTable> => {
  const config = await connection.config(signal)
  demand(config, 'createTable')
  const loadedAt = connection.clock.now()
  const call: Call = {
    asked: 'createTable',
    of: identifier,
    method: 'POST',
    url: tablesUrl(config, identifier.namespace),
    headers: connection.delegation,
    body: createTableBody(identifier.name, creation),
    signal,
  }
  let answer = await make(connection, config, call)
  if (answer.status === 404) {
    await createNamespace(connection, config, identifier, signal)
    answer = await make(connection, config, call)
  }
  if (answer.status !== 409) return opened(connection, config, identifier, call, answer, loadedAt)
  const table = await loadTable(connection, identifier, { ...(signal !== undefined && { signal }) })
  // There is something, but no table: a view of that name, for instance.
  if (table === null) throw connection.client.refused(call, answer)
  return table
}

/** Makes something, asking again until the answer is one that stays: what is there then is there (409). */
const make = (connection: Connection, config: CatalogConfig, call: Call): Promise<HttpAnswer> =>
  connection.client.repeatedly({
    ...call,
    headers: { ...call.headers, ...idempotent(connection, config) },
  })

const createNamespace = async (
  connection: Connection,
  config: CatalogConfig,
  { namespace }: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<void> => {
  demand(config, 'createNamespace')
  const call: Call = {
    asked: 'createNamespace',
    of: { namespace },
    method: 'POST',
    url: namespacesUrl(config),
    body: { namespace, properties: {} },
    signal,
  }
  const answer = await make(connection, config, call)
  if (answer.status !== 409 && meaningOf(answer).commit !== 'done') {
    throw connection.client.refused(call, answer)
  }
}
