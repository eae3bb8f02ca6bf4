/** Makes tables and their namespaces. */
import type { CallOptions, LoadedTable, TableCreation, TableIdentifier } from '../catalog.ts'
import type { Call } from './client.ts'
import type { CatalogConfig } from './config.ts'
import { type Connection, demand, idempotent } from './connection.ts'
import { meaningOf } from './errors.ts'
import type { HttpAnswer } from './http.ts'
import { loadTable, opened } from './load.ts'
import { makeInTurn } from './making.ts'
import { namespacesUrl, tablesUrl } from './paths.ts'
import { createTableBody } from './tables.ts'

/** Makes a table, and its namespace where that is missing; a table that is there is loaded. */
export const createTable = async (
  connection: Connection,
  identifier: TableIdentifier,
  creation: TableCreation,
  options: CallOptions = {},
): Promise<LoadedTable> => {
  const { signal } = options
  const config = await connection.config(signal)
  demand(config, 'createTable')
  const look = () => loadTable(connection, identifier, options)
  return makeInTurn(connection.making, identifier, {
    clock: connection.clock,
    signal,
    look,
    async make() {
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
      if (answer.status !== 409 && !isThrottled(answer)) {
        return opened(connection, config, identifier, call, answer, loadedAt)
      }
      // Others may have made it; what they made may be no table: a view of that name, for instance.
      return (await look()) ?? refuse(connection, call, answer)
    },
  })
}

const isThrottled = (answer: HttpAnswer): boolean => meaningOf(answer).commit === 'throttled'

/** A catalog that wants to be left alone for longer is asked again all the same: it may have thought better of it. */
const longestRefusalMs = 60_000

/** @throws what a catalog refuses, and remembers for how long it wants to be left alone */
const refuse = ({ client, making, clock }: Connection, call: Call, answer: HttpAnswer): never => {
  const error = client.refused(call, answer)
  if (isThrottled(answer)) {
    const ms = Math.min(answer.retryAfterMs ?? 0, longestRefusalMs)
    making.refused = { until: clock.now() + ms, error }
  }
  throw error
}

/** Makes something, asking again until the answer is one that stays: what is there then is there (409). */
const make = (connection: Connection, config: CatalogConfig, call: Call): Promise<HttpAnswer> =>
  connection.client.repeatedly({
    ...call,
    takesThrottled: true,
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
    refuse(connection, call, answer)
  }
}
