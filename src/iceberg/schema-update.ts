/** Adds columns to a table (Iceberg table specification, "Schema Evolution"). Nothing is retyped, renamed or dropped. */
import { IngestError, KnownError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Catalog, LoadedTable, TableCommit, Uncommitted } from './catalog.ts'
import { type Clock, retryDelay } from './retry.ts'
import { fitSchema, type OwnColumns } from './schema-fit.ts'
import {
  currentSchema,
  type IcebergType,
  type NestedField,
  type TableMetadata,
} from './table-metadata.ts'
import { highestFieldId } from './table-updates.ts'

export interface SchemaUpdateContext {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly log: Log
}

/** Milliseconds after which no more attempts are made. */
const patienceMs = 4000

/**
 * The table with the columns of `own` that it lacked and never had. Several writers may do this at once: what another one
 * added is found when the table is loaded again. `unavailable` when the catalog refuses, or there was no end to conflicts.
 */
export const addMissingColumns = async (
  loaded: LoadedTable,
  own: OwnColumns,
  { catalog, clock, log }: SchemaUpdateContext,
): Promise<LoadedTable> => {
  const { identifier, metadata } = loaded
  const deadline = clock.now() + patienceMs
  const signal = clock.signal(deadline)
  let table = loaded
  for (let attempt = 0; ; attempt++) {
    const { missing } = fitSchema(table.metadata, own)
    if (missing.length === 0) return table
    const columns = missing.map(({ name }) => name)
    const outcome = await catalog
      .commit(table, addColumns(table.metadata, missing), { signal })
      .catch((cause: unknown) => {
        const message = `table ${identifier.name} lacks columns, and they could not be added: ${columns.join(', ')}`
        throw new IngestError('unavailable', message, { cause })
      })
    if (outcome.kind === 'committed') {
      log('info', 'columns were added to a table', { table: identifier.name, columns })
      table = outcome.table
      continue
    }
    await pause(outcome, attempt, deadline, clock)
    const again = await catalog.load(identifier, { signal })
    if (again?.metadata['table-uuid'] !== metadata['table-uuid']) {
      throw new IngestError('unavailable', `table ${identifier.name} is another now, try again`)
    }
    table = again
  }
}

const pause = async (
  outcome: Uncommitted,
  attempt: number,
  deadline: number,
  clock: Clock,
): Promise<void> => {
  const delay = retryDelay(outcome, attempt)
  if (clock.now() + delay >= deadline) {
    const message = `columns could not be added in time: ${outcome.kind}`
    throw new IngestError('unavailable', message, { cause: new KnownError(outcome.reason) })
  }
  await clock.sleep(delay)
}

/** The change that adds columns behind the others, under ids that the table never used. */
export const addColumns = (
  metadata: TableMetadata,
  columns: readonly NestedField[],
): TableCommit => {
  const schema = currentSchema(metadata)
  // ministack counts columns, and not what is in them.
  const given = metadata.schemas.map(({ fields }) => highestFieldId(fields))
  let lastId = Math.max(metadata['last-column-id'], ...given)
  const nextId = (): number => ++lastId
  const added = columns.map((column) => {
    const id = nextId()
    return { ...column, id, type: withIds(column.type, nextId) }
  })
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      { type: 'assert-current-schema-id', 'current-schema-id': schema['schema-id'] },
      {
        type: 'assert-last-assigned-field-id',
        'last-assigned-field-id': metadata['last-column-id'],
      },
    ],
    updates: [
      {
        action: 'add-schema',
        schema: {
          ...schema,
          'schema-id': Math.max(...metadata.schemas.map((known) => known['schema-id'])) + 1,
          fields: [...schema.fields, ...added],
        },
        // Deprecated, and some catalogs insist on it.
        'last-column-id': lastId,
      },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  }
}

const withIds = (type: IcebergType, nextId: () => number): IcebergType =>
  typeof type === 'object' && type.type === 'list'
    ? { ...type, 'element-id': nextId(), element: withIds(type.element, nextId) }
    : type
