import { logs } from './logs.ts'
import { exponentialHistogram, gauge, histogram, sum, summary } from './metrics.ts'
import type { Table } from './table.ts'
import { traces } from './traces.ts'

/** The seven tables. */
export const tables: readonly Table[] = [
  logs,
  traces,
  gauge,
  sum,
  histogram,
  exponentialHistogram,
  summary,
]
