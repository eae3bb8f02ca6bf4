import type { GenericSchema, InferOutput } from 'valibot'

/** Where the program runs. */
export type Runtime = 'node' | 'lambda' | 'workers'

/** The prefix of every variable of this program. */
export const prefix = 'OTLP2PARQUET_'

/** A default: the same everywhere, one for each runtime, or none. */
export type Default = string | Readonly<Partial<Record<Runtime, string>>>

/** One environment variable, said once: the reader, its errors and the README's table follow from it. */
export interface Variable<Schema extends GenericSchema<string, unknown>> {
  readonly name: `${typeof prefix}${string}`
  /** One sentence for the README's table. */
  readonly meaning: string
  /** Turns the variable's text into the value. */
  readonly schema: Schema
  /** Names of others that are read when it is not set, in this order. */
  readonly fallbacks?: readonly string[]
  /** What is read when none of them is set; it passes through `schema` like any other text. */
  readonly default?: Default
  /** Where it means something; everywhere when absent. */
  readonly runtimes?: readonly Runtime[]
  /** Its text never appears in a message. */
  readonly secret?: true
}

/** The values of a table of variables; one without a default may be undefined. */
export type ValuesOf<
  Table extends Readonly<Record<string, Variable<GenericSchema<string, unknown>>>>,
> = {
  readonly [Key in keyof Table]: Table[Key] extends { readonly default: Default }
    ? InferOutput<Table[Key]['schema']>
    : InferOutput<Table[Key]['schema']> | undefined
}

/** The default's text on a runtime, or undefined where there is none. */
export const defaultOn = (
  variable: Variable<GenericSchema<string, unknown>>,
  runtime: Runtime,
): string | undefined =>
  typeof variable.default === 'object' ? variable.default[runtime] : variable.default
