/** Where things are in a catalog. A path is sent as it is made here: nothing encodes or decodes it again. */
import type { TableIdentifier } from '../catalog.ts'
import type { CatalogConfig } from './config.ts'

type Namespace = TableIdentifier['namespace']

/** The address of the catalog's configuration, which is known before all else. */
export const configUrl = (uri: string, warehouse: string | undefined): string =>
  `${uri}/v1/config${warehouse === undefined ? '' : `?warehouse=${encodeURIComponent(warehouse)}`}`

/** The address of all namespaces. */
export const namespacesUrl = ({ uri, prefix }: CatalogConfig): string =>
  `${uri}/v1/${prefix === '' ? '' : `${prefix}/`}namespaces`

/** The address of a namespace's tables. */
export const tablesUrl = (config: CatalogConfig, namespace: Namespace): string =>
  `${namespacesUrl(config)}/${namespace.map(encodeURIComponent).join(config.separator)}/tables`

/** The address of a table. */
export const tableUrl = (config: CatalogConfig, { namespace, name }: TableIdentifier): string =>
  `${tablesUrl(config, namespace)}/${encodeURIComponent(name)}`
