import type { Environment } from '../../src/config.ts'
import type { R2Binding } from '../../src/storage/r2-binding.ts'

/** What a Worker is given: variables and secrets as strings, and under `BUCKET` its bucket of R2. */
export type Bindings = Readonly<Record<string, unknown>>

/** The variables and secrets. */
export const environmentOf = (env: Bindings): Environment =>
  Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )

/** The bucket, or undefined where none is bound. */
export const bucketOf = ({ BUCKET: bucket }: Bindings): R2Binding | undefined =>
  typeof bucket === 'object' && bucket !== null && 'put' in bucket
    ? (bucket as R2Binding)
    : undefined
