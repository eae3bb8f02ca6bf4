/** Spark, which takes long to start and is therefore started once, as a reader and as a writer. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { sparkSql } from '../dialects.ts'
import { conditionOf } from '../filters.ts'
import { here, spark, sparkJars } from '../programs.ts'
import type { Answer, IcebergReader } from '../readers/iceberg.ts'
import { byMetadata } from '../readers/iceberg-paths.ts'
import { withDoubles } from '../readers/readers.ts'
import type { Deed, Writer } from '../writers/writers.ts'

/** Numbers of data files. */
export interface Compaction {
  /** In the table, before and after. */
  readonly before: number
  readonly after: number
  /** By what Spark says that it did. */
  readonly rewritten: number
  readonly added: number
  readonly failed: number
}

/** A session that runs. */
export interface Spark {
  readonly reader: IcebergReader
  /** Also writes tables in folders, which it takes for tables of Hadoop's catalog. */
  readonly writer: Writer
  /** `rewrite_data_files` of all data files of a table, and what came of it. */
  compact(table: Deed['table']): Promise<Compaction>
  stop(): Promise<void>
}

/** Starts a session. @throws with what it printed when it does not come up */
export const startSpark = async (): Promise<Spark> => {
  const script = here('test/interop/spark/session.py')
  const path = here('test/interop/readers')
  const own = { SPARK_LOCAL_IP: '127.0.0.1', PYTHONUNBUFFERED: '1', PYTHONPATH: path }
  const env = { ...process.env, ...own }
  const child = spawn(spark, [script, sparkJars], { env })
  let printed = ''
  child.stderr.on('data', (chunk: Buffer) => {
    printed = `${printed}${chunk}`.slice(-10_000)
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async <T>(): Promise<T> => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`Spark ended:\n${printed}`)
      if (!value.startsWith('@@')) continue
      const found = JSON.parse(value.slice(2)) as T & { error?: string }
      if (found.error !== undefined) throw new Error(found.error)
      return found
    }
  }
  const ask = <T>(request: unknown): Promise<T> => {
    child.stdin.write(`${JSON.stringify(request)}\n`)
    return answer<T>()
  }
  const stop = async (): Promise<void> => {
    child.stdin.end()
    await ended
  }
  await answer()
  return { ...talking(ask), stop }
}

/** Reader and writer over one line of talk: what is asked is answered before the next is asked. */
const talking = (ask: <T>(request: unknown) => Promise<T>): Omit<Spark, 'stop'> => ({
  reader: {
    read: async (questions) => {
      const answers = []
      for (const question of questions) {
        const { table, filters = [] } = await byMetadata(question)
        const conditions = filters.map((filter) => conditionOf(filter, sparkSql))
        answers.push(withDoubles(await ask<Answer>({ ask: 'read', table, conditions })))
      }
      return answers
    },
  },
  writer: async (deeds) => {
    for (const deed of deeds) await ask({ ask: 'write', ...deed })
  },
  compact: (table) => ask<Compaction>({ ask: 'write', deed: 'compact', table }),
})
