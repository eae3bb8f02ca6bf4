// ClickHouse's rows in the spelling of rows.ts, but doubles as 16 hex digits of their bits.
import { createRequire } from 'node:module'

const { query, Session } = createRequire(new URL('../peers/js/package.json', import.meta.url))('chdb')
const names = {
  Int64: 'long',
  Int32: 'int',
  Float64: 'double',
  Bool: 'boolean',
  String: 'string',
  "DateTime64(6, 'UTC')": 'timestamptz',
}
const bare = (type) => type.replace(/^(?:LowCardinality|Nullable)\((.*)\)$/, (_, inner) => bare(inner))
const element = (type) => /^Array\((.*)\)$/.exec(type)?.[1]
const typeName = (type) => {
  const inner = element(bare(type))
  return inner === undefined ? (names[bare(type)] ?? type) : `list<${typeName(inner)}>`
}
/** SQL for a value in our spelling. */
const spelled = (sql, type) => {
  const inner = element(bare(type))
  if (inner !== undefined) return `arrayMap(x -> ${spelled('x', inner)}, ${sql})`
  switch (typeName(type)) {
    case 'double':
      return `leftPad(lower(hex(reinterpretAsUInt64(${sql}))), 16, '0')`
    case 'timestamptz':
      return `toString(toUnixTimestamp64Micro(${sql}))`
    case 'long':
    case 'int':
      return `toString(${sql})`
    default:
      return sql
  }
}
/** The rows of a query as objects; `ask` asks it of another ClickHouse than one that is made for it. */
export const lines = (sql, ask = query) =>
  ask(`${sql} SETTINGS use_hive_partitioning = 0`, 'JSONEachRow')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** The type of each column of a table or table function in the tables' words, and its rows. */
export const typesAndRows = (source, ask = query) => {
  const columns = lines(`DESCRIBE TABLE ${source}`, ask)
  const list = columns.map(({ name, type }) => `${spelled(`\`${name}\``, type)} AS \`_${name}\``)
  const rows = lines(`SELECT ${list.join(', ')} FROM ${source}`, ask).map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name.slice(1), value])),
  )
  return { types: Object.fromEntries(columns.map(({ name, type }) => [name, typeName(type)])), rows }
}

/** A ClickHouse that knows a database: what asks it, and its end. */
export const withDatabase = (sql) => {
  const session = new Session()
  for (const statement of sql) session.query(statement)
  return {
    ask: (question, format) => session.query(question, format),
    end: () => session.cleanup(),
  }
}
