/** An Iceberg REST catalog. Not here: staged tables, views, transactions over several tables, remote signing. */
import { IngestError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type {
  CallOptions,
  Catalog,
  CommitOutcome,
  LoadedTable,
  TableCommit,
  TableCreation,
  TableIdentifier,
} from '../catalog.ts'
import type { OpenFileIO } from '../file-io.ts'
import { type Clock, systemClock } from '../retry.ts'
import { errorWords, type Properties } from './answers.ts'
import type { RestAuth } from './auth.ts'
import { type Call, createRestClient, type RestClient } from './client.ts'
import {
  type CatalogConfig,
  catalogConfig,
  type Operation,
  offers,
  operations,
  withoutSlashes,
} from './config.ts'
import { fileProperties, renewing } from './credentials.ts'
import { meaningOf } from './errors.ts'
import type { Fetch, HttpAnswer } from './http.ts'
import { uuid7 } from './idempotency-key.ts'
import { configUrl, namespacesUrl, tablesUrl, tableUrl } from './paths.ts'
import { commitBody, createTableBody, holds, metadataOf } from './tables.ts'
import { singleFlight, within } from './waiting.ts'

export interface RestCatalogOptions {
  /** The address before `/v1/…`. */
  readonly uri: string
  readonly warehouse?: string
  readonly auth: RestAuth
  readonly openFileIO: OpenFileIO
  /** How the catalog is asked to let this program at a table's files; null: not at all. */
  readonly accessDelegation?: string | null
  readonly fetch?: Fetch
  readonly clock?: Clock
  readonly log: Log
  /** Milliseconds for one request and its answer. */
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 10_000
const defaultDelegation = 'vended-credentials'
/** A catalog that is asked too often and does not say how long to wait. */
const defaultRetryAfterMs = 1_000

/** Opens a catalog. Nothing is asked before the first call; the configuration is asked for once. */
export const createRestCatalog = (options: RestCatalogOptions): Catalog => {
  const room = openRoom(options)
  return {
    load: (identifier, call) => loadTable(room, identifier, call),
    create: (identifier, creation, call) => createTable(room, identifier, creation, call),
    commit: (table, commit, call) => commitTable(room, table, commit, call),
    async ready() {
      const config = await fetchConfig(room)
      for (const operation of ['loadTable', 'updateTable'] as const) demand(config, operation)
    },
  }
}

/** What every operation needs. */
interface Room {
  readonly options: RestCatalogOptions
  readonly uri: string
  readonly clock: Clock
  readonly client: RestClient
  readonly config: (signal: AbortSignal | undefined) => Promise<CatalogConfig>
  /** Headers of operations that answer with a table. */
  readonly delegation: Readonly<Record<string, string>>
}

const openRoom = (options: RestCatalogOptions): Room => {
  const { auth, log, clock = systemClock, timeoutMs = defaultTimeoutMs } = options
  const fetch: Fetch = options.fetch ?? ((url, init) => globalFetch(url, init))
  const uri = withoutSlashes(options.uri)
  const delegation =
    options.accessDelegation === undefined ? defaultDelegation : options.accessDelegation
  let known: CatalogConfig | undefined
  const ask = singleFlight(async () => {
    known = await fetchConfig(room)
    return known
  })
  const room: Room = {
    options,
    uri,
    clock,
    client: createRestClient({ auth, uri, fetch, clock, log, timeoutMs }),
    config: async (signal) => known ?? within(ask(), signal),
    delegation: delegation === null ? {} : { 'X-Iceberg-Access-Delegation': delegation },
  }
  return room
}

const globalFetch: Fetch = (url, init) => fetch(url, init)

const fetchConfig = async ({ client, options, uri }: Room): Promise<CatalogConfig> => {
  const { warehouse } = options
  const call: Call = {
    deed: 'read the configuration of the catalog',
    method: 'GET',
    url: configUrl(uri, warehouse),
  }
  const answer = await client.repeatedly(call)
  if (meaningOf(answer).commit !== 'done' || answer.json === undefined) {
    throw client.refused(call, answer)
  }
  return catalogConfig(answer, { uri, ...(warehouse !== undefined && { warehouse }) })
}

/** @throws IngestError when the catalog says that it does not have an operation */
const demand = (config: CatalogConfig, operation: Operation): void => {
  if (offers(config, operation)) return
  const words = `the catalog does not offer ${operations[operation]}`
  throw new IngestError('unavailable', words)
}

const loadTable = async (
  room: Room,
  identifier: TableIdentifier,
  { signal }: CallOptions = {},
): Promise<LoadedTable | null> => {
  const config = await room.config(signal)
  demand(config, 'loadTable')
  const loadedAt = room.clock.now()
  const call: Call = {
    deed: 'load a table',
    method: 'GET',
    // All snapshots, not only those with names: landed files are looked for in them.
    url: `${tableUrl(config, identifier)}?snapshots=all`,
    headers: room.delegation,
    signal,
  }
  const answer = await room.client.repeatedly(call)
  return answer.status === 404 ? null : opened(room, config, identifier, call, answer, loadedAt)
}

/** The table in an answer, its files within reach. */
const opened = async (
  room: Room,
  config: CatalogConfig,
  identifier: TableIdentifier,
  call: Call,
  answer: HttpAnswer,
  loadedAt: number,
): Promise<LoadedTable> => {
  if (meaningOf(answer).commit !== 'done') throw room.client.refused(call, answer)
  const metadata = readable(call, () => metadataOf(answer))
  const { location } = metadata
  const properties = { ...config.properties, ...fileProperties(answer, location) }
  const renew = async (): Promise<Properties> => {
    const renewed = await fetchFileProperties(room, config, identifier, location)
    return { ...properties, ...renewed }
  }
  const current = renewing(properties, renew, room.clock.now)
  const io = await room.options.openFileIO(location, properties, current)
  return { identifier, metadata, io, loadedAt }
}

const readable = <T>({ deed }: Call, read: () => T): T => {
  try {
    return read()
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new IngestError('unavailable', `cannot ${deed}: ${words}`, { cause })
  }
}

/** New credentials: from where they alone are had, or else with the whole table. */
const fetchFileProperties = async (
  { client, delegation }: Room,
  config: CatalogConfig,
  identifier: TableIdentifier,
  location: string,
): Promise<Properties> => {
  const table = tableUrl(config, identifier)
  const call: Call = {
    deed: "renew the credentials for a table's files",
    method: 'GET',
    url: offers(config, 'loadCredentials') ? `${table}/credentials` : `${table}?snapshots=refs`,
    headers: delegation,
  }
  const answer = await client.repeatedly(call)
  if (meaningOf(answer).commit !== 'done') throw client.refused(call, answer)
  return fileProperties(answer, location)
}

const createTable = async (
  room: Room,
  identifier: TableIdentifier,
  creation: TableCreation,
  { signal }: CallOptions = {},
): Promise<LoadedTable> => {
  const config = await room.config(signal)
  demand(config, 'createTable')
  const loadedAt = room.clock.now()
  const call: Call = {
    deed: 'make a table',
    method: 'POST',
    url: tablesUrl(config, identifier.namespace),
    headers: room.delegation,
    body: createTableBody(identifier.name, creation),
    signal,
  }
  let answer = await make(room, config, call)
  if (answer.status === 404) {
    await createNamespace(room, config, identifier, signal)
    answer = await make(room, config, call)
  }
  if (answer.status !== 409) return opened(room, config, identifier, call, answer, loadedAt)
  const table = await loadTable(room, identifier, { ...(signal !== undefined && { signal }) })
  // There is something, but no table: a view of that name, for instance.
  if (table === null) throw room.client.refused(call, answer)
  return table
}

/** Makes something, asking again until the answer is one that stays: what is there then is there (409). */
const make = (room: Room, config: CatalogConfig, call: Call): Promise<HttpAnswer> =>
  room.client.repeatedly({ ...call, headers: { ...call.headers, ...idempotent(room, config) } })

const createNamespace = async (
  room: Room,
  config: CatalogConfig,
  { namespace }: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<void> => {
  demand(config, 'createNamespace')
  const call: Call = {
    deed: 'make a namespace',
    method: 'POST',
    url: namespacesUrl(config),
    body: { namespace, properties: {} },
    signal,
  }
  const answer = await make(room, config, call)
  if (answer.status !== 409 && meaningOf(answer).commit !== 'done') {
    throw room.client.refused(call, answer)
  }
}

/** One key for one deed, however often it is asked for. */
const idempotent = ({ clock }: Room, { idempotencyKeys }: CatalogConfig) =>
  idempotencyKeys ? { 'Idempotency-Key': uuid7(clock.now()) } : {}

const commitTable = async (
  room: Room,
  table: LoadedTable,
  commit: TableCommit,
  { signal }: CallOptions = {},
): Promise<CommitOutcome> => {
  const config = await room.config(signal)
  demand(config, 'updateTable')
  const call: Call = {
    deed: 'change a table',
    method: 'POST',
    url: tableUrl(config, table.identifier),
    headers: idempotent(room, config),
    body: commitBody(table.identifier, commit),
    signal,
  }
  const loadedAt = room.clock.now()
  let answer: HttpAnswer
  try {
    answer = await room.client.once(call)
  } catch (error) {
    // Nothing was sent, for want of credentials.
    if (error instanceof IngestError) throw error
    return { kind: 'unknown', retryAfterMs: 0, reason: String(error) }
  }
  return outcomeOf(room, call, answer, { ...table, loadedAt }, commit)
}

const outcomeOf = (
  { client }: Room,
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
    case 'throttled':
      return { kind: meaning, retryAfterMs: answer.retryAfterMs ?? defaultRetryAfterMs, reason }
    case 'unknown':
      return { kind: meaning, retryAfterMs: answer.retryAfterMs ?? 0, reason }
    case 'refused':
      throw client.refused(call, answer)
  }
}

/** An answer that says yes must show the change; else a look at the table has to tell. */
const committed = (answer: HttpAnswer, table: LoadedTable, commit: TableCommit): CommitOutcome => {
  try {
    const metadata = metadataOf(answer)
    if (holds(metadata, commit)) return { kind: 'committed', table: { ...table, metadata } }
    return { kind: 'unknown', retryAfterMs: 0, reason: 'an answer without the new snapshot' }
  } catch (error) {
    return { kind: 'unknown', retryAfterMs: 0, reason: String(error) }
  }
}
