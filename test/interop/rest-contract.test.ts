/**
 * Protects: what the contract asks of a catalog is what catalogs of other people keep, through our client: Iceberg's own
 * Java server, also as it is behind what R2's own catalog documents, Nessie, and a server of Amazon S3 Tables' endpoint. What one of them does otherwise is declared with its
 * reason, and is red as soon as it is no longer so.
 */
import { afterAll, beforeAll, describe } from 'vitest'
import { createOpenFileIO } from '../../runtimes/node/open-file-io.ts'
import { createRestCatalog } from '../../src/iceberg/rest/catalog.ts'
import { noLog } from '../../src/log.ts'
import { type CatalogException, catalogContract } from '../contracts/catalog.ts'
import type { RestCatalog } from './catalogs/catalog.ts'
import { startJavaRest } from './catalogs/java-rest.ts'
import { startMinistack } from './catalogs/ministack.ts'
import { startNessie } from './catalogs/nessie.ts'
import { startR2DataCatalog } from './catalogs/r2-data-catalog.ts'
import { startVersitygw } from './s3-servers.ts'

/** Nessie over a bucket of its own. */
const nessieOnVersitygw = async (): Promise<RestCatalog> => {
  const s3 = await startVersitygw()
  const catalog = await startNessie(s3)
  const stop = async (): Promise<void> => {
    await catalog.stop()
    await s3.stop()
  }
  return { ...catalog, stop }
}

/** R2's own catalog, whose limits are others' test: a minute is over before they could be met. */
const r2OnVersitygw = async (): Promise<RestCatalog> => {
  const s3 = await startVersitygw('lake', undefined, 'auto')
  const catalog = await startR2DataCatalog(s3, { minuteMs: 1 })
  const stop = async (): Promise<void> => {
    await catalog.stop()
    await s3.stop()
  }
  return { ...catalog, stop }
}

/** A client of a catalog, with the keys that open its S3. */
const connect = ({ uri, warehouse, auth, s3 }: RestCatalog) => {
  const credentials = async () => s3 ?? { accessKeyId: '', secretAccessKey: '' }
  const { region = 'us-east-1', endpoint } = s3 ?? {}
  return createRestCatalog({
    uri,
    ...(warehouse !== undefined && { warehouse }),
    auth:
      auth.type === 'sigv4' ? { ...auth, signingName: auth.service, region, credentials } : auth,
    openFileIO: createOpenFileIO({
      config: { s3Region: region, s3Endpoint: endpoint },
      credentials,
      log: noLog,
    }),
    log: noLog,
  })
}

const oneSnapshot = 'Nessie 0.99 shows the newest snapshot alone, and not what it was made on'
const expire = 'Nessie keeps snapshots for itself: its own collector forgets them'
const first = 'Nessie 0.99 does not look whether a table has a snapshot yet (its issue 10062)'

const ofNessie: readonly CatalogException[] = [
  {
    asked: "conflicts when somebody made the table's first snapshot",
    reason: first,
    message: /kind: 'committed'/,
  },
  {
    asked: 'remembers every snapshot, in order, and what each was made on',
    reason: oneSnapshot,
    message: /expected \[ \d+n \] to deeply equal/,
  },
  {
    asked: 'keeps a log of its snapshots',
    reason: oneSnapshot,
    message: /expected \[ \d+n \] to deeply equal/,
  },
  {
    asked: 'keeps one straight history of five writers who try again',
    reason: oneSnapshot,
    message: /expected 1 to be 21/,
  },
  {
    asked: 'forgets snapshots that are removed',
    reason: expire,
    message: /does not allow external snapshot management/,
  },
]

const ofMinistack: readonly CatalogException[] = [
  {
    asked: 'keeps the sort order that a table is made with',
    reason: 'ministack 1.5.33 drops it',
    message: /expected \[\] to deeply equal/,
  },
  {
    asked: 'keeps the properties that a table is made with',
    reason: 'ministack 1.5.33 drops them',
    message: /expected \{\} to match object/,
  },
  {
    asked: 'counts the ids that it gave, nested ones too',
    reason: 'ministack 1.5.33 takes the ids as they are and counts columns',
    message: /expected 4 to be 17/,
  },
  {
    asked: 'keeps a log of its snapshots',
    reason: 'ministack 1.5.33 writes none',
    message: /expected \[\] to deeply equal/,
  },
  {
    asked: 'forgets snapshots that are removed',
    reason: 'ministack 1.5.33 says yes and removes none',
    message: /expected \[ 51n, 52n, 53n \]/,
  },
]

const servers: readonly [string, () => Promise<RestCatalog>, readonly CatalogException[]][] = [
  ["Iceberg's Java server", () => startJavaRest(), []],
  ["R2's own catalog", r2OnVersitygw, []],
  ['Nessie', nessieOnVersitygw, ofNessie],
  ['ministack', () => startMinistack(), ofMinistack],
]

describe.each(servers)('over %s', (name, start, exceptions) => {
  let server: RestCatalog
  let tests = 0
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server?.stop())

  const create = async () => ({
    namespace: `contract_${tests++}`,
    connect: () => connect(server),
  })
  catalogContract(`the client of REST catalogs on ${name}`, create, { exceptions })
})
