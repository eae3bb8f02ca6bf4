/** Other programs that write Iceberg tables, and what they can be told to do. */

import type { S3Access } from '../catalogs/catalog.ts'
import { here, pyiceberg, run } from '../programs.ts'
import type { CatalogTable } from '../readers/iceberg.ts'
import type { Row } from '../rows.ts'

/** A table without a catalog: `{root}/{namespace}/{name}` on disk or in a bucket. */
export interface TableFolder {
  readonly folder: string
  readonly s3?: S3Access
}

/** One change of one table. */
export type Deed = { readonly table: CatalogTable | TableFolder } & (
  | {
      readonly deed: 'create'
      /** Types in the tables' words, by name. */
      readonly columns: Readonly<Record<string, string>>
      /** The timestamp by whose day the table is partitioned. */
      readonly partition?: string
    }
  /** Rows in the readers' spelling; a column that a row lacks is null. */
  | { readonly deed: 'append'; readonly rows: readonly Row[] }
  | { readonly deed: 'drop column'; readonly column: string }
  | { readonly deed: 'set property'; readonly property: string; readonly value: string }
  /** Writes all data files anew, as few as can be. */
  | { readonly deed: 'compact' }
)

/** Does deeds one after the other. @throws with what the program said when it cannot. */
export type Writer = (deeds: readonly Deed[]) => Promise<void>

/** PyIceberg: all but `compact`; folders it knows by our own file catalog for it. */
export const pyicebergWriter: Writer = async (deeds) => {
  const script = here('test/interop/writers/write_pyiceberg.py')
  const env = { PYTHONPATH: ['test/interop/readers', 'infra/maintenance'].map(here).join(':') }
  await run(pyiceberg, [script], { input: JSON.stringify(deeds), env })
}
