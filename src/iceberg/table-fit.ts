/** Makes sure that rows can be written to a table before the first byte is. */
import { IngestError, wordsOf } from '../errors.ts'
import type { LoadedTable } from './catalog.ts'
import { partitionFieldTypes } from './partition.ts'
import { fitSchema, type OwnColumns } from './schema-fit.ts'
import { addMissingColumns, type SchemaUpdateContext } from './schema-update.ts'
import { defaultSpec, type TableMetadata } from './table-metadata.ts'

/** The table as rows can be written to it: columns that it lacks are added. `unavailable` when they cannot be. */
export type FitTable = (table: LoadedTable) => Promise<LoadedTable>

/** For one table. What is wrong with it is logged once for each state of it, however many requests fail. */
export const createFitTable = (own: OwnColumns, context: SchemaUpdateContext): FitTable => {
  const fitting = new WeakSet<TableMetadata>()
  let told = ''
  let pending: Promise<LoadedTable> | null = null

  const explain = (table: LoadedTable, error: unknown): void => {
    const state = stateOf(table.metadata)
    const message = wordsOf(error)
    if (told === `${state} ${message}`) return
    told = `${state} ${message}`
    const facts = { table: table.identifier.name }
    const { misfits } = fitSchema(table.metadata, own)
    for (const misfit of misfits) {
      context.log('error', 'a column of a table does not fit ours', { ...facts, ...misfit })
    }
    if (misfits.length === 0) {
      context.log('error', 'rows cannot be written to a table as it is', { ...facts, error })
    }
  }

  const ensure = async (loaded: LoadedTable): Promise<LoadedTable> => {
    try {
      assertFits(loaded, own)
      const table = await addMissingColumns(loaded, own, context)
      assertFits(table, own)
      fitting.add(table.metadata)
      return table
    } catch (error) {
      explain(loaded, error)
      throw error
    }
  }

  return async (loaded) => {
    if (fitting.has(loaded.metadata)) return loaded
    pending ??= ensure(loaded).finally(() => {
      pending = null
    })
    return pending
  }
}

const assertFits = ({ identifier, metadata }: LoadedTable, own: OwnColumns): void => {
  const { columns, missing, misfits } = fitSchema(metadata, own)
  const [first] = misfits
  if (first !== undefined) {
    const { column, tableType, ourType, reason } = first
    const types = `${tableType} there, ${ourType} here`
    const message = `table ${identifier.name} has a column ${column} that is ${reason} (${types})`
    throw new IngestError('unavailable', message)
  }
  if (missing.length === 0 && columns.every((column) => column === null)) {
    throw new IngestError('unavailable', `table ${identifier.name} has no column to write to`)
  }
  partitionFieldTypes(defaultSpec(metadata), metadata)
}

const stateOf = (metadata: TableMetadata): string =>
  [
    metadata['table-uuid'],
    metadata['current-schema-id'],
    metadata['default-spec-id'],
    metadata.properties['otlp2parquet.ignore-columns'],
  ].join(' ')
