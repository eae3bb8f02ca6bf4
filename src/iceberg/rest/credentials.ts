/** Credentials for a table's files that a catalog hands out (Iceberg REST catalog specification, `storage-credentials`). */
import { KnownError } from '../../errors.ts'
import { itemsOf, membersOf, type Properties, propertiesOf } from './answers.ts'
import type { HttpAnswer } from './http.ts'

const keyId = 's3.access-key-id'

/** What belongs together: a key of one with a token of another would be refused. */
const secrets: readonly string[] = [
  keyId,
  's3.secret-access-key',
  's3.session-token',
  's3.session-token-expires-at-ms',
  'expiration-time',
]

/**
 * The properties for the files at `location` in an answer that holds `config` and `storage-credentials`: of the
 * credentials those with the longest prefix of the location, before those in `config`.
 */
export const fileProperties = ({ json }: HttpAnswer, location: string): Properties => {
  const { config, 'storage-credentials': credentials } = membersOf(json)
  const fitting = itemsOf(credentials)
    .map(membersOf)
    .map(({ prefix, config }) => ({ prefix: String(prefix), properties: propertiesOf(config) }))
    .filter(({ prefix }) => isUnder(location, prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length)[0]
  return overlaid(propertiesOf(config), fitting?.properties ?? {})
}

/** A bare scheme (`s3`) is a prefix too; `s3a` and `s3n` are other names of `s3`. */
const isUnder = (location: string, prefix: string): boolean =>
  plainScheme(location).startsWith(plainScheme(prefix))

const plainScheme = (path: string): string => path.replace(/^s3[an](?=:|$)/, 's3')

/** Properties under others that win; credentials are replaced whole. */
export const overlaid = (under: Properties, over: Properties): Properties => {
  if (over[keyId] === undefined) return { ...under, ...over }
  const kept = Object.entries(under).filter(([name]) => !secrets.includes(name))
  return { ...Object.fromEntries(kept), ...over }
}

export interface VendedCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** The S3 credentials among a table's properties; null when there are none. */
export const s3Credentials = (properties: Properties): VendedCredentials | null => {
  const {
    [keyId]: accessKeyId,
    's3.secret-access-key': secretAccessKey,
    's3.session-token': sessionToken,
  } = properties
  if (!accessKeyId || !secretAccessKey) return null
  const expiresAt = properties['s3.session-token-expires-at-ms'] ?? properties['expiration-time']
  // What is no number of milliseconds would be a time that is always over.
  const expiresAtMs = Number(expiresAt || Number.NaN)
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
    ...(Number.isFinite(expiresAtMs) && { expiration: new Date(expiresAtMs) }),
  }
}

/**
 * Where an S3 storage gets a table's credentials: the first time those at hand, later, when it finds them old or refused,
 * new ones. Null when the catalog hands out none.
 */
export const vendedCredentials = (
  properties: Properties,
  renew: () => Promise<Properties> = async () => properties,
): (() => Promise<VendedCredentials>) | null => {
  let first = s3Credentials(properties)
  if (first === null) return null
  return async () => {
    const credentials = first ?? s3Credentials(await renew())
    first = null
    if (credentials === null) throw new KnownError('the catalog hands out no credentials any more')
    return credentials
  }
}

/** Where a table's properties say that its bucket is; what they do not say is left out. */
export const s3Location = (
  properties: Properties,
): { readonly region?: string; readonly endpoint?: string; readonly pathStyle?: boolean } => {
  const region = properties['s3.region'] ?? properties['client.region']
  const { 's3.endpoint': endpoint, 's3.path-style-access': pathStyle } = properties
  return {
    ...(region && { region }),
    ...(endpoint && { endpoint }),
    ...(pathStyle && { pathStyle: pathStyle.toLowerCase() === 'true' }),
  }
}
