/** Random filters over a table's columns, and how each engine's SQL says them. */
import { tables } from '../../src/tables/tables.ts'
import { doubles, integers, pick, type Random } from './random-requests.ts'
import type { Row } from './rows.ts'

const comparisons = ['=', '<>', '<', '<=', '>', '>='] as const

export interface Filter {
  readonly column: string
  readonly type: string
  readonly operator:
    | (typeof comparisons)[number]
    | 'between'
    | 'in'
    | 'prefix'
    | 'null'
    | 'not null'
  /** In the readers' spelling. */
  readonly values: readonly string[]
}

/** One random filter; its values are those of rows, or lie beside them. */
export const randomFilter = (random: Random, table: string, rows: readonly Row[]): Filter => {
  const columns = tables.find(({ name }) => name === table)?.columns ?? []
  const { name, type } = pick(
    random,
    columns.filter((column) => !column.type.startsWith('list')),
  )
  const kind = random()
  const value = () => nearby(random, type, pick(random, rows)[name])
  const filter = { column: name, type: type === 'json' ? 'string' : type }
  if (kind < 0.05) return { ...filter, operator: 'null', values: [] }
  if (kind < 0.1) return { ...filter, operator: 'not null', values: [] }
  if (kind < 0.2) return { ...filter, operator: 'in', values: [value(), value(), value()] }
  if (kind < 0.3) return { ...filter, operator: 'between', values: [value(), value()] }
  if (kind < 0.45 && filter.type === 'string')
    return { ...filter, operator: 'prefix', values: [prefixOf(random, value())] }
  return { ...filter, operator: pick(random, comparisons), values: [value()] }
}

const prefixOf = (random: Random, text: string): string => {
  const letters = [...text]
  return letters.slice(0, Math.floor(random() * (letters.length + 1))).join('')
}

/** A value of a column, or one just beside it. */
const nearby = (random: Random, type: string, value: Row[string] | undefined): string => {
  const step = Math.floor(random() * 3) - 1
  switch (type) {
    case 'boolean':
      return String(value ?? true)
    case 'double': {
      const number = Number(value ?? pick(random, doubles))
      return String(random() < 0.5 ? number : number + step * 1e-9)
    }
    case 'int':
      return String(Math.min(2 ** 31 - 1, Number(value ?? 0) + step))
    case 'timestamptz':
      return String(
        BigInt(value === '0' ? '1' : String(value ?? '1790000001000000')) + BigInt(step),
      )
    case 'long': {
      const number = BigInt((value as string) ?? pick(random, integers))
      return String(
        BigInt.asIntN(64, number + BigInt(step)) < number && step > 0
          ? number
          : number + BigInt(step),
      )
    }
    default:
      return random() < 0.5 ? String(value ?? '') : prefixOf(random, `${value ?? ''}a`)
  }
}

/** How an engine spells things. */
export interface Dialect {
  readonly name: (column: string) => string
  readonly text: (text: string) => string
  readonly timestamp: (micros: string) => string
  readonly double: (value: string) => string
  readonly startsWith: (column: string, text: string) => string
}

/** A filter as a condition in SQL. */
export const conditionOf = (
  { column, type, operator, values }: Filter,
  dialect: Dialect,
): string => {
  const name = dialect.name(column)
  const literals = values.map((value) => literalOf(value, type, dialect))
  switch (operator) {
    case 'null':
      return `${name} IS NULL`
    case 'not null':
      return `${name} IS NOT NULL`
    case 'in':
      return `${name} IN (${literals.join(', ')})`
    case 'between':
      return `${name} BETWEEN ${literals[0]} AND ${literals[1]}`
    case 'prefix':
      return dialect.startsWith(name, literals[0] ?? '')
    default:
      return `${name} ${operator} ${literals[0]}`
  }
}

const literalOf = (value: string, type: string, dialect: Dialect): string => {
  if (type === 'string') return dialect.text(value)
  if (type === 'timestamptz') return dialect.timestamp(value)
  return type === 'double' ? dialect.double(value) : value
}

/** Whether engines agree about a filter: where NaN stands among doubles, and whether -0 is less than 0, each says for itself. */
export const isAgreed = ({ type, values }: Filter): boolean =>
  type !== 'double' || values.every((value) => Number(value) < 0 || Number(value) > 0)

/** Whether engines agree about a row, whatever is asked of its column. */
export const isComparable = ({ column, type }: Filter, row: Row): boolean =>
  type !== 'double' || !Number.isNaN(Number(row[column]))

/** Whether a filter lets a row pass, by its value in the readers' spelling. Of doubles those that engines agree about. */
export const passes = ({ column, type, operator, values }: Filter, row: Row): boolean => {
  const value = row[column] ?? null
  if (operator === 'null' || operator === 'not null')
    return (value === null) === (operator === 'null')
  if (value === null) return false
  if (operator === 'prefix') return String(value).startsWith(values[0] ?? '')
  const orders = values.map((other) => order(String(value), other, type))
  const [first = 0, second = 0] = orders
  switch (operator) {
    case 'in':
      return orders.includes(0)
    case 'between':
      return first >= 0 && second <= 0
    case '=':
      return first === 0
    case '<>':
      return first !== 0
    case '<':
      return first < 0
    case '<=':
      return first <= 0
    case '>':
      return first > 0
    case '>=':
      return first >= 0
  }
}

/** Strings are ordered by their bytes, as tables order them. */
const order = (a: string, b: string, type: string): number => {
  if (type === 'string' || type === 'boolean') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (type === 'double') return Number(Number(a) > Number(b)) - Number(Number(a) < Number(b))
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
