/** Loads tables, and puts their files within reach. */
import { IngestError, wordsOf } from '../../errors.ts'
import type { CallOptions, LoadedTable, TableIdentifier } from '../catalog.ts'
import { singleFlight } from '../waiting.ts'
import { membersOf, type Properties } from './answers.ts'
import { deeds } from './asked.ts'
import type { Call } from './client.ts'
import { type CatalogConfig, offers } from './config.ts'
import { type Connection, demand } from './connection.ts'
import { fileProperties, overlaid } from './credentials.ts'
import { meaningOf } from './errors.ts'
import type { HttpAnswer } from './http.ts'
import { tableUrl } from './paths.ts'
import { metadataOf } from './tables.ts'

/** The table, or null when there is none. `unavailable` when its files are out of reach. */
export const loadTable = async (
  connection: Connection,
  identifier: TableIdentifier,
  { signal }: CallOptions = {},
): Promise<LoadedTable | null> => {
  const config = await connection.config(signal)
  demand(config, 'loadTable')
  const loadedAt = connection.clock.now()
  const call: Call = {
    asked: 'loadTable',
    of: identifier,
    method: 'GET',
    // All snapshots, not only those with names: landed files are looked for in them.
    url: `${tableUrl(config, identifier)}?snapshots=all`,
    headers: connection.delegation,
    signal,
  }
  const answer = await connection.client.repeatedly(call)
  return answer.status === 404
    ? null
    : opened(connection, config, identifier, call, answer, loadedAt)
}

/** The table in an answer to `call`, its files within reach. */
export const opened = async (
  connection: Connection,
  config: CatalogConfig,
  identifier: TableIdentifier,
  call: Call,
  answer: HttpAnswer,
  loadedAt: number,
): Promise<LoadedTable> => {
  if (meaningOf(answer).commit !== 'done') throw connection.client.refused(call, answer)
  const metadata = readable(call, () => metadataOf(answer))
  const { location } = metadata
  const properties = overlaid(config.properties, fileProperties(answer, location))
  // Not over this answer's: its credentials are those that have expired.
  const renew = singleFlight(async () =>
    overlaid(
      config.properties,
      await fetchFileProperties(connection, config, identifier, location),
    ),
  )
  const io = await connection.options.openFileIO(location, properties, renew)
  const { 'metadata-location': file } = membersOf(answer.json)
  return {
    identifier,
    metadata,
    io,
    loadedAt,
    metadataSize: answer.text.length,
    ...(typeof file === 'string' && { metadataLocation: file }),
  }
}

const readable = <T>({ asked }: Call, read: () => T): T => {
  try {
    return read()
  } catch (cause) {
    throw new IngestError('unavailable', `cannot ${deeds[asked]}: ${wordsOf(cause)}`, { cause })
  }
}

/** New credentials: from where they alone are had, or else with the whole table. */
const fetchFileProperties = async (
  { client, delegation }: Connection,
  config: CatalogConfig,
  identifier: TableIdentifier,
  location: string,
): Promise<Properties> => {
  const table = tableUrl(config, identifier)
  const call: Call = {
    asked: 'loadCredentials',
    of: identifier,
    method: 'GET',
    url: offers(config, 'loadCredentials') ? `${table}/credentials` : `${table}?snapshots=refs`,
    headers: delegation,
  }
  const answer = await client.repeatedly(call)
  if (meaningOf(answer).commit !== 'done') throw client.refused(call, answer)
  return fileProperties(answer, location)
}
