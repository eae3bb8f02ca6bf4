/**
 * What R2 Data Catalog refuses, and how. Statuses and these types are documented ("Iceberg REST API compatibility", "Table
 * properties", "Limits", autumn 2026): `FailedToSetProperties`, `ConcurrentUpdateError`, `TooManyRequestsException`; that 401 and
 * 403 are plain text. All other words are assumed. Types and sentences are Lakekeeper's, which has the documented types and the
 * same three reserved namespaces; `Unauthorized` was seen at R2's own (issue 8774 of spiceai), `Forbidden` is like it.
 */
import { type Json, parseJson, stringifyJson } from '../../../src/iceberg/json.ts'

export interface Reply {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export const json = (status: number, body: unknown, headers = {}): Reply => ({
  status,
  body: stringifyJson(body),
  headers: { 'content-type': 'application/json', ...headers },
})

/** `IcebergErrorResponse`. */
export const failure = (status: number, type: string, message: string, headers = {}): Reply =>
  json(status, { error: { message, type, code: status } }, headers)

const plain = (status: number, body: string): Reply => ({
  status,
  body,
  headers: { 'content-type': 'text/plain;charset=UTF-8' },
})

/** A token that is none, or none any more. */
export const unauthorized = plain(401, 'Unauthorized')

/** A token without the permission. */
export const forbidden = plain(403, 'Forbidden')

export const tooMany = failure(429, 'TooManyRequestsException', 'Too many requests', {
  'retry-after': '60',
})

/** A commit whose place others took, each time that the catalog tried. */
export const concurrentUpdate = failure(
  400,
  'ConcurrentUpdateError',
  'Tabular was concurrently updated',
)

export type Members = Readonly<Record<string, Json>>

/** What a commit is held against. */
export interface Current {
  readonly uuid: string
  readonly location: string
}

const reserved = ['system', 'examples', 'information_schema']

/** Of the first level, whatever its case. */
export const refusedNamespace = (body: string): Reply | undefined => {
  const { namespace } = parseJson(body) as Members
  const [first = ''] = namespace as readonly string[]
  return reserved.includes(first.toLowerCase())
    ? failure(400, 'ReservedNamespace', 'Namespace is reserved for internal use.')
    : undefined
}

/** A table is made where nothing is yet: `isEmpty` looks. */
export const refusedCreation = async (
  body: string,
  isEmpty: (location: string) => Promise<boolean>,
): Promise<Reply | undefined> => {
  const { location, properties = {} } = parseJson(body) as Members
  const blocked = refusedProperties(Object.keys(properties as Members))
  if (blocked !== undefined || (await isEmpty(String(location)))) return blocked
  const words = 'Unexpected files in location, tabular locations have to be empty'
  return failure(400, 'InvalidLocation', `Invalid Location '${location}': ${words}`)
}

/** A commit may ask for what is as it is. */
export const refusedCommit = async (
  body: string,
  current: () => Promise<Current>,
): Promise<Reply | undefined> => {
  const { updates = [] } = parseJson(body) as Members
  for (const update of updates as readonly Members[]) {
    const refused = await refusedUpdate(update, current)
    if (refused !== undefined) return refused
  }
  return undefined
}

const refusedUpdate = async (
  { action, uuid, location, updates, removals }: Members,
  current: () => Promise<Current>,
): Promise<Reply | undefined> => {
  switch (action) {
    case 'add-encryption-key':
    case 'remove-encryption-key':
      return failure(501, 'NotImplemented', 'Table encryption is not supported')
    case 'assign-uuid':
      return uuid === (await current()).uuid
        ? undefined
        : failure(400, 'AssignUuidNotAllowed', 'Cannot assign a new UUID')
    case 'set-location':
      return location === (await current()).location
        ? undefined
        : failure(400, 'SetLocationNotAllowed', 'Cannot change table location')
    case 'set-properties':
      return refusedProperties(Object.keys(updates as Members))
    case 'remove-properties':
      return refusedProperties(removals as readonly string[])
    default:
      return undefined
  }
}

const refusedProperties = (names: readonly string[]): Reply | undefined => {
  const blocked = names.find(isBlocked)
  return blocked === undefined
    ? undefined
    : failure(409, 'FailedToSetProperties', `Properties contain unsupported property: '${blocked}'`)
}

const allowed = ['compression-codec', 'delete-after-commit.enabled', 'previous-versions-max']

const isBlocked = (name: string): boolean =>
  /^write\.(data\.path|metadata)/.test(name) &&
  !allowed.map((one) => `write.metadata.${one}`).includes(name)
