/** What Iceberg's libraries say of Parquet files and of values, in one form for all of them. */

import type { Schema } from '../../../src/iceberg/table-metadata.ts'
import { compiled, quickStart } from '../java.ts'
import { here, icebergJars, pyiceberg, run } from '../programs.ts'

type ById<T> = Readonly<Record<string, T>>

/** Counts and bounds by field id; bounds as hex digits. */
export interface FileMetrics {
  readonly recordCount: number
  readonly columnSizes: ById<number>
  readonly valueCounts: ById<number>
  readonly nullValueCounts: ById<number>
  readonly lowerBounds: ById<string>
  readonly upperBounds: ById<string>
  readonly splitOffsets: readonly number[]
}

export interface JavaQuestion {
  /** Paths. */
  readonly files: readonly string[]
  /** Types and values; times as numbers, bytes as hex digits, decimals unscaled. */
  readonly values: readonly (readonly [type: string, value: string])[]
  readonly texts: readonly string[]
}

export interface JavaAnswer {
  readonly files: readonly FileMetrics[]
  /** Single-value serialization. */
  readonly values: readonly string[]
  /** Bounds cut to 16 characters. */
  readonly texts: readonly (readonly [lower: string, upper: string | null])[]
}

/** Asks Iceberg's Java library. */
export const askJava = async (question: JavaQuestion): Promise<JavaAnswer> => {
  const options = ['-Xmx512m', ...quickStart, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
  const source = here('test/interop/readers/IcebergMetrics.java')
  const args = [...options, ...(await compiled(source, icebergJars))]
  return JSON.parse(await run('java', args, { input: JSON.stringify(question) })) as JavaAnswer
}

/** Asks PyIceberg for the metrics of files. */
export const askPyIceberg = async (
  files: readonly { readonly path: string; readonly schema: Schema }[],
): Promise<readonly FileMetrics[]> => {
  const script = here('test/interop/readers/iceberg_metrics.py')
  const printed = await run(pyiceberg, [script], { input: JSON.stringify({ files }) })
  return (JSON.parse(printed) as { files: FileMetrics[] }).files
}
