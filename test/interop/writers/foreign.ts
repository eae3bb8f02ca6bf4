/** Tables as other people make them, and what they do with them before we come. */
import { here, pyiceberg, run } from '../programs.ts'

export interface ForeignTable {
  readonly folder: string
  /** Types in the tables' words, by name. */
  readonly columns: Readonly<Record<string, string>>
  readonly partition?: readonly { column: string; transform: string; name: string }[]
  readonly sort?: readonly {
    column: string
    transform: string
    direction: 'asc' | 'desc'
    nulls: 'nulls-first' | 'nulls-last'
  }[]
  readonly properties?: Readonly<Record<string, string>>
  /** The format version; 2 without it. */
  readonly version?: number
  readonly deeds?: readonly ForeignDeed[]
}

export type ForeignDeed =
  | { readonly deed: 'drop'; readonly column: string }
  | { readonly deed: 'rename'; readonly column: string; readonly to: string }
  | {
      readonly deed: 'repartition'
      readonly column: string
      readonly transform: string
      readonly name: string
    }
  /** One row; values as text, a column that it lacks is null. */
  | { readonly deed: 'append'; readonly row: Readonly<Record<string, string>> }

/** Makes tables with PyIceberg, each in its folder as a file catalog has it. */
export const makeForeignTables = async (tables: readonly ForeignTable[]): Promise<void> => {
  const script = here('test/interop/writers/foreign_tables.py')
  await run(pyiceberg, [script], { input: JSON.stringify(tables) })
}
