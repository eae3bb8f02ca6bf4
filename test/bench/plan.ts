/** What is measured: the list of all there is, and how long each takes. */
import type { Effort } from './measure.ts'
import { type Coding, codings, type Kind, kinds } from './payloads.ts'

/** One thing to measure, of ours and of the naive way. */
export interface Task {
  /** `stages`: each by itself; `http`: the whole way, over HTTP. */
  readonly what: 'stages' | 'http'
  readonly kind: Kind
  readonly coding: Coding
  readonly records: number
  readonly concurrency: number
}

/** How much of it. */
export interface Extent {
  /** Every kind, size, encoding and concurrency with every other. */
  readonly full: boolean
  /** The least that touches everything. */
  readonly smoke: boolean
  /** Words that a task's name must all have. */
  readonly only: string
}

const sizes = [100, 1000, 10_000]
const concurrencies = [1, 8]

/** The tasks in the order in which they are measured. */
export const tasksOf = (extent: Extent): Task[] => {
  const words = extent.only.split(/\s+/).filter((word) => word !== '')
  // Whoever asks for something by name shall get it.
  const usually = words.length > 0 || extent.full ? every : usual
  const wanted = extent.smoke ? smoke : usually
  return all.filter((task) => {
    const name = nameOf(task).split(' ')
    return wanted(task) && words.every((word) => name.includes(word))
  })
}

/** `http logs protobuf+gzip 1000 x8`: what `--only` looks at. */
export const nameOf = ({ what, kind, coding, records, concurrency }: Task): string =>
  `${what} ${kind} ${coding} ${records} x${concurrency}`

/** Logs come first, whole: what is stopped halfway has said the most important. */
const all: readonly Task[] = kinds.flatMap((kind) =>
  (['stages', 'http'] as const).flatMap((what) =>
    codings.flatMap((coding) =>
      sizes.flatMap((records) =>
        concurrencies.map((concurrency) => ({ what, kind, coding, records, concurrency })),
      ),
    ),
  ),
)

/** Stages have no concurrency, and gunzip is a stage of its own. */
const every = ({ what, coding, concurrency }: Task): boolean =>
  what === 'http' || (concurrency === 1 && coding !== 'protobuf+gzip')

/** Logs in full; of the other kinds the stages of large requests only, and neither gzip nor others at the same time. */
const usual = (task: Task): boolean => {
  const { what, kind, coding, records, concurrency } = task
  if (!every(task)) return false
  if (kind === 'logs') return true
  return what === 'stages' ? records === 10_000 : coding !== 'protobuf+gzip' && concurrency === 1
}

const smoked = [
  'stages logs protobuf 1000 x1',
  'http logs protobuf+gzip 1000 x8',
  'http gauge json 100 x1',
]

const smoke = (task: Task): boolean => smoked.includes(nameOf(task))

/**
 * How long to measure requests of that size: both ways alike, since the best of more rounds is better. A request of
 * 100 records waits for the disk more than it works.
 */
export const effortOf = (records: number, smoke: boolean): Effort => {
  if (smoke) return { records, rounds: 2, warmUp: records }
  return records <= 100
    ? { records: 5000, rounds: 6, warmUp: 20_000 }
    : { records: 20_000, rounds: 6, warmUp: 80_000 }
}
