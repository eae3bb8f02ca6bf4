/** An Iceberg REST catalog. Not here: staged tables, views, transactions over several tables, remote signing. */
import type { Catalog } from '../catalog.ts'
import { commitTable } from './commit.ts'
import { demand, openConnection, type RestCatalogOptions } from './connection.ts'
import { createTable } from './create.ts'
import { loadTable } from './load.ts'

export type { RestAuth } from './auth.ts'
export type { RestCatalogOptions } from './connection.ts'
export { createMaking, type Making } from './making.ts'

/** Opens a catalog. Nothing is asked before the first call. */
export const createRestCatalog = (options: RestCatalogOptions): Catalog => {
  const connection = openConnection(options)
  return {
    load: (identifier, call) => loadTable(connection, identifier, call),
    create: (identifier, creation, call) => createTable(connection, identifier, creation, call),
    commit: (table, commit, call) => commitTable(connection, table, commit, call),
    async ready() {
      const config = await connection.newConfig()
      for (const operation of ['loadTable', 'updateTable'] as const) demand(config, operation)
    },
  }
}
