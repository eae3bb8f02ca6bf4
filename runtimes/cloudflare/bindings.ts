import { prefix } from '../../src/config/variable.ts'
import { type Config, type Environment, readConfig } from '../../src/config.ts'
import type { R2Binding } from '../../src/storage/r2-binding.ts'

/** What a Worker is given: variables and secrets as strings, numbers or booleans, and under `BUCKET` its bucket of R2. */
export type Bindings = Readonly<Record<string, unknown>>

/** The variables and secrets as text: TOML's numbers and booleans come as what they are. */
export const environmentOf = (env: Bindings): Environment =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (isPlain(value) ? [[name, String(value)]] : [])),
  )

/** What a Worker is configured for. @throws ConfigError that lists everything that is wrong */
export const configOf = (env: Bindings): Config => {
  // A list, say: to do as if it were not there would be to do something else than was asked for.
  const others = Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !isPlain(env[name]))
    .map((variable) => ({ variable, message: 'must be text, a number or a boolean' }))
  return readConfig(environmentOf(env), 'workers', others)
}

const isPlain = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value)

/** The bucket, or undefined where none is bound. */
export const bucketOf = ({ BUCKET: bucket }: Bindings): R2Binding | undefined =>
  typeof bucket === 'object' && bucket !== null && 'put' in bucket
    ? (bucket as R2Binding)
    : undefined
