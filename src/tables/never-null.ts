/** The columns that have a value in every row of every table: a table may require them. */
export const neverNullColumns: readonly string[] = [
  'Timestamp',
  'TimeUnixNano',
  'RequestId',
  'RequestRow',
  'IngestedAt',
]
