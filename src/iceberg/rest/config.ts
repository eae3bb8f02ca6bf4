/** What a catalog says of itself (Iceberg REST catalog specification, `GET /v1/config`). */
import { itemsOf, membersOf, type Properties, propertiesOf } from './answers.ts'
import type { HttpAnswer } from './http.ts'

export interface CatalogConfig {
  /** Defaults of the catalog, under what this program sets, under what the catalog insists on. */
  readonly properties: Properties
  /** The address of everything else, without a slash at its end: `overrides.uri` may move it. */
  readonly uri: string
  /** What stands between `/v1/` and the rest of every path, encoded as it is sent: the catalog encoded it. Empty: nothing. */
  readonly prefix: string
  /** What stands between the levels of a namespace in a path, encoded. */
  readonly separator: string
  /** The operations there are, by method and path: `GET /v1/{}/namespaces`; null where the catalog does not say. */
  readonly endpoints: ReadonlySet<string> | null
  /** The catalog remembers `Idempotency-Key`. */
  readonly idempotencyKeys: boolean
}

/** The unit separator, encoded: what the specification says when the catalog says nothing. */
const defaultSeparator = '%1F'

/** The configuration in an answer; `client` are this program's own properties, of which `uri` is one. */
export const catalogConfig = ({ json }: HttpAnswer, client: Properties): CatalogConfig => {
  const { defaults, overrides, endpoints, ...rest } = membersOf(json)
  const properties = { ...propertiesOf(defaults), ...client, ...propertiesOf(overrides) }
  return {
    properties,
    uri: withoutSlashes(properties.uri ?? ''),
    prefix: (properties.prefix ?? '').replace(/^\/+|\/+$/g, ''),
    separator: properties['namespace-separator'] || defaultSeparator,
    endpoints: endpoints === undefined || endpoints === null ? null : endpointsOf(endpoints),
    idempotencyKeys: typeof rest['idempotency-key-lifetime'] === 'string',
  }
}

/** An address without slashes at its end, so that paths can follow. */
export const withoutSlashes = (uri: string): string => uri.replace(/\/+$/, '')

/** Placeholders have names that differ: only their places count. */
const endpointsOf = (json: Parameters<typeof itemsOf>[0]): ReadonlySet<string> =>
  new Set(itemsOf(json).map((endpoint) => String(endpoint).replace(/\{[^}]*\}/g, '{}')))

/** The operations that this program asks for. */
export const operations = {
  createNamespace: 'POST /v1/{}/namespaces',
  createTable: 'POST /v1/{}/namespaces/{}/tables',
  loadTable: 'GET /v1/{}/namespaces/{}/tables/{}',
  updateTable: 'POST /v1/{}/namespaces/{}/tables/{}',
  loadCredentials: 'GET /v1/{}/namespaces/{}/tables/{}/credentials',
} as const

export type Operation = keyof typeof operations

/** What a catalog can do that does not list it. */
const assumed: ReadonlySet<string> = new Set([
  operations.createNamespace,
  operations.createTable,
  operations.loadTable,
  operations.updateTable,
])

/** Whether a catalog has an operation. */
export const offers = ({ endpoints }: CatalogConfig, operation: Operation): boolean =>
  (endpoints ?? assumed).has(operations[operation])
