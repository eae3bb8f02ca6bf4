// A catalog that is watched on its way to a table.
import type { Catalog } from '../../../src/iceberg/catalog.ts'
import type { Run } from './check.ts'
import { count, type Network } from './network.ts'

/** A catalog that counts compactions that come between a load and a commit. */
export const watched = (
  catalog: Catalog,
  { run, network }: { readonly run: Run; readonly network: Network },
): Catalog => ({
  ...catalog,
  commit: (table, ...rest) => {
    const isBehind = table.metadata['last-sequence-number'] < run.compactedIn
    if (isBehind) count(network.tally, 'compaction between load and commit')
    return catalog.commit(table, ...rest)
  },
})
