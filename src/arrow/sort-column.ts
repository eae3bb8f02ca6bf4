/** A column that rows are sorted by. A name alone: ascending, nulls first. */
export type SortColumn = string | SortDirection

export interface SortDirection {
  readonly name: string
  readonly descending: boolean
  /** Where nulls stand, whatever the direction. */
  readonly nullsFirst: boolean
}

/** A sort column, said whole. */
export const sortDirection = (column: SortColumn): SortDirection =>
  typeof column === 'string' ? { name: column, descending: false, nullsFirst: true } : column
