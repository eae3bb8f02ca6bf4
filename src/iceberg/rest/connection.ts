/** The way to one catalog, which all operations share. */
import { IngestError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { OpenFileIO } from '../file-io.ts'
import { type Clock, systemClock } from '../retry.ts'
import { singleFlight, within } from '../waiting.ts'
import type { Properties } from './answers.ts'
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
import { meaningOf } from './errors.ts'
import type { Fetch } from './http.ts'
import { uuid7 } from './idempotency-key.ts'
import { createMaking, type Making } from './making.ts'
import { tokenProperties } from './oauth2.ts'
import { configUrl } from './paths.ts'

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
  /** What all who make tables of this catalog share, where there is more than one. */
  readonly making?: Making
}

const defaultTimeoutMs = 10_000
const defaultDelegation = 'vended-credentials'

/** What every operation needs. */
export interface Connection {
  readonly options: RestCatalogOptions
  readonly uri: string
  readonly clock: Clock
  readonly client: RestClient
  /** The configuration, asked for once. */
  readonly config: (signal: AbortSignal | undefined) => Promise<CatalogConfig>
  /** The configuration, asked for anew. */
  readonly newConfig: () => Promise<CatalogConfig>
  readonly making: Making
  /** Headers of operations that answer with a table. */
  readonly delegation: Readonly<Record<string, string>>
}

/** Asks nothing yet; the configuration is asked for once, when it is needed, and again when that failed. */
export const openConnection = (options: RestCatalogOptions): Connection => {
  const { auth, log, clock = systemClock, timeoutMs = defaultTimeoutMs } = options
  const fetch: Fetch = options.fetch ?? ((url, init) => globalFetch(url, init))
  const uri = withoutSlashes(options.uri)
  const own = ownProperties(options)
  const delegation =
    options.accessDelegation === undefined ? defaultDelegation : options.accessDelegation
  let known: CatalogConfig | undefined
  const ask = singleFlight(async () => {
    known = await fetchConfig(connection, own)
    return known
  })
  const connection: Connection = {
    options,
    uri,
    clock,
    client: createRestClient({
      auth,
      properties: () => known?.properties ?? own,
      fetch,
      clock,
      log,
      timeoutMs,
    }),
    newConfig: ask,
    config: async (signal) => known ?? within(ask(), signal).catch(tooLate(signal)),
    making: options.making ?? createMaking(),
    delegation: delegation === null ? {} : { 'X-Iceberg-Access-Delegation': delegation },
  }
  return connection
}

const tooLate =
  (signal: AbortSignal | undefined) =>
  (cause: unknown): never => {
    if (!signal?.aborted) throw cause
    throw new IngestError('unavailable', 'the catalog did not answer in time', { cause })
  }

const globalFetch: Fetch = (url, init) => fetch(url, init)

/** What this program sets, by the names that catalogs use. */
const ownProperties = ({ uri, warehouse, auth }: RestCatalogOptions): Properties => ({
  uri: withoutSlashes(uri),
  ...(warehouse !== undefined && { warehouse }),
  ...(auth.type === 'oauth2' && tokenProperties(auth)),
})

const fetchConfig = async (
  { client, options, uri }: Connection,
  own: Properties,
): Promise<CatalogConfig> => {
  const { warehouse } = options
  const call: Call = {
    asked: 'getConfig',
    method: 'GET',
    url: configUrl(uri, warehouse),
  }
  const answer = await client.repeatedly(call)
  if (meaningOf(answer).commit !== 'done' || answer.json === undefined) {
    throw client.refused(call, answer)
  }
  return catalogConfig(answer, own)
}

/** @throws IngestError when the catalog says that it does not have an operation */
export const demand = (config: CatalogConfig, operation: Operation): void => {
  if (offers(config, operation)) return
  const words = `the catalog does not offer ${operations[operation]}`
  throw new IngestError('unavailable', words)
}

/** One key for one deed, however often it is asked for. */
export const idempotent = ({ clock }: Connection, { idempotencyKeys }: CatalogConfig) =>
  idempotencyKeys ? { 'Idempotency-Key': uuid7(clock.now()) } : {}
