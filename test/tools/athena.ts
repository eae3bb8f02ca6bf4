/**
 * Writes infra/athena: statements that make Athena see plain Parquet files, a table each.
 *
 *   node test/tools/athena.ts
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Table } from '../../src/tables/table.ts'
import { tables } from '../../src/tables/tables.ts'

export const athenaFolder = join(import.meta.dirname, '../../infra/athena')

/** Hive's names of types, by ours. */
const types: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  int: 'int',
  long: 'bigint',
  double: 'double',
  string: 'string',
  json: 'string',
  timestamptz: 'timestamp',
}

const hiveType = (type: string): string => {
  const element = /^list<(.*)>$/.exec(type)?.[1]
  if (element !== undefined) return `array<${hiveType(element)}>`
  const found = types[type]
  if (found === undefined) throw new Error(`Hive's name of ${type} is not known`)
  return found
}

/** The statement for a table; BUCKET stands for the bucket, and a prefix with it. */
export const athenaTable = ({ name, folder, columns }: Table): string => {
  const place = `s3://BUCKET/${folder}/`
  const list = columns.map(
    (column) => `  \`${column.name.toLowerCase()}\` ${hiveType(column.type)}`,
  )
  const ranges = { year: '2020,2100', month: '1,12', day: '1,31', hour: '0,23' }
  const properties = [
    `'projection.enabled' = 'true'`,
    // Services are not known beforehand: each query names the one, or those, that it asks for.
    `'projection.service_folder.type' = 'injected'`,
    ...Object.entries(ranges).flatMap(([part, range]) => [
      `'projection.${part}.type' = 'integer'`,
      `'projection.${part}.range' = '${range}'`,
      ...(part === 'year' ? [] : [`'projection.${part}.digits' = '2'`]),
    ]),
    `'storage.location.template' = '${place}\${service_folder}/year=\${year}/month=\${month}/day=\${day}/hour=\${hour}/'`,
  ]
  return `-- ${name} of plain Parquet files in Athena. Put your bucket in the place of BUCKET. A query has to name services:
-- WHERE service_folder = 'checkout', or service_folder IN (…); year, month, day and hour bound what is read.
CREATE EXTERNAL TABLE ${name} (
${list.join(',\n')}
)
PARTITIONED BY (service_folder string, year int, month int, day int, hour int)
STORED AS PARQUET
LOCATION '${place}'
TBLPROPERTIES (
${properties.map((one) => `  ${one}`).join(',\n')}
);
`
}

if (import.meta.main) {
  for (const table of tables) {
    writeFileSync(join(athenaFolder, `${table.name}.sql`), athenaTable(table))
  }
}
