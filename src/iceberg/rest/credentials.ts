/** Credentials for a table's files that a catalog hands out (Iceberg REST catalog specification, `storage-credentials`). */
import { itemsOf, membersOf, type Properties, propertiesOf } from './answers.ts'
import type { HttpAnswer } from './http.ts'
import { singleFlight } from './waiting.ts'

/** Members of a table's config that are credentials, or say when they expire. */
const secrets: readonly string[] = [
  's3.access-key-id',
  's3.secret-access-key',
  's3.session-token',
  's3.session-token-expires-at-ms',
]

const expiry = 's3.session-token-expires-at-ms'

/** A credential is renewed when it has a minute left. */
const marginMs = 60_000

/**
 * The properties for the files at `location` in an answer that holds `config` and `storage-credentials`: of the
 * credentials those with the longest prefix of the location; they replace those in `config` whole.
 */
export const fileProperties = ({ json }: HttpAnswer, location: string): Properties => {
  const { config, 'storage-credentials': credentials } = membersOf(json)
  const fitting = itemsOf(credentials)
    .map(membersOf)
    .map(({ prefix, config }) => ({ prefix: String(prefix), properties: propertiesOf(config) }))
    .filter(({ prefix }) => isUnder(location, prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length)[0]
  const table = propertiesOf(config)
  return fitting === undefined ? table : { ...without(table, secrets), ...fitting.properties }
}

/** A bare scheme (`s3`) is a prefix too; `s3a` and `s3n` are other names of `s3`. */
const isUnder = (location: string, prefix: string): boolean =>
  location.startsWith(prefix) || plainScheme(location).startsWith(plainScheme(prefix))

const plainScheme = (path: string): string => path.replace(/^s3[an](?=:|$)/, 's3')

const without = (properties: Properties, names: readonly string[]): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)))

/**
 * A table's properties as they are now: renewed, one request at a time, when their credentials are about to expire, and when
 * the storage refused them. What cannot be renewed is used until it has expired.
 */
export const renewing = (
  first: Properties,
  renew: () => Promise<Properties>,
  now: () => number,
): ((options?: { readonly refused?: boolean }) => Promise<Properties>) => {
  let current = first
  const renewed = singleFlight(async () => {
    current = await renew()
    return current
  })
  return async ({ refused = false } = {}) => {
    const lifeMs = Number(current[expiry] ?? Number.NaN) - now()
    if (!refused && !(lifeMs < marginMs)) return current
    if (refused || lifeMs <= 0) return renewed()
    return renewed().catch(() => current)
  }
}
