/** Where a program writes Iceberg tables in these tests, through proxies; and the ways past them for whoever else is there. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOpenFileIO } from '../../runtimes/node/open-file-io.ts'
import { sha256 } from '../../runtimes/shared/sha256.ts'
import type { Catalog } from '../../src/iceberg/catalog.ts'
import { createFileCatalog, type FileCatalog } from '../../src/iceberg/file/catalog.ts'
import { createRestCatalog } from '../../src/iceberg/rest/catalog.ts'
import { noLog } from '../../src/log.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { createS3Storage } from '../../src/storage/s3.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { RestCatalog, S3Access } from '../interop/catalogs/catalog.ts'
import { startJavaRest } from '../interop/catalogs/java-rest.ts'
import { startMinistack } from '../interop/catalogs/ministack.ts'
import { startNessie } from '../interop/catalogs/nessie.ts'
import { catalogEnvironment, filesAtOnce } from '../interop/iceberg-destinations.ts'
import type { TableRef } from '../interop/readers/iceberg.ts'
import { makeBucket, startVersitygw } from '../interop/s3-servers.ts'

type Environment = Readonly<Record<string, string>>

/** Origins by which a program is to reach the servers: those of proxies before them. */
export interface Origins {
  readonly catalog?: string
  readonly s3?: string
}

/** A catalog with its storage, or a storage that is one. Every run has a namespace of its own. */
export interface Ground {
  readonly name: string
  /** The servers' own origins; absent where there is none. */
  readonly origins: Origins
  /** The folder of a program's storage, where that counts. */
  readonly folder?: string
  /** A program's configuration. */
  env(namespace: string, origins: Origins): Environment
  /** The tables past all proxies. */
  open(): Promise<Catalog>
  /** Where readers find a table; null when there is none. Rejects where that cannot be told. */
  table(namespace: string, name: string): Promise<TableRef | null>
  /** What an operator does. Absent: a table cannot be renamed here. */
  drop(namespace: string, name: string): Promise<void>
  rename?: (namespace: string, from: string, to: string) => Promise<void>
  /** Removes a version of a table's metadata, where tables have them. */
  removeVersion?: (namespace: string, name: string, version: number) => Promise<void>
  /** What makes programs leave receipts, and where they are past all proxies. Absent: there is no place for them. */
  readonly receipts?: { readonly env: Environment; readonly storage: Storage }
  stop(): Promise<void>
}

/** Receipts and sweeps as often as there is time for them. */
const often: Environment = {
  OTLP2PARQUET_COMMIT: 'auto',
  OTLP2PARQUET_COMMIT_INTERVAL: '1',
  OTLP2PARQUET_SWEEP_INTERVAL_SECONDS: '1',
}

const inCatalog = async (
  name: string,
  catalog: RestCatalog,
  alsoStop: () => Promise<void> = async () => {},
): Promise<Ground> => {
  const { uri, s3, warehouse } = catalog
  const origin = new URL(uri).origin
  const open = async () => openRest(catalog)
  const root = await restRoot(catalog)
  return {
    name,
    origins: { catalog: origin, ...(s3 && { s3: s3.endpoint }) },
    env: (namespace, { catalog: before = origin, s3: s3Before = s3?.endpoint ?? '' }) => ({
      ...catalogEnvironment({
        ...catalog,
        uri: uri.replace(origin, before),
        ...(s3 && { s3: { ...s3, endpoint: s3Before } }),
        ...(warehouse !== undefined && { warehouse }),
      }),
      OTLP2PARQUET_ICEBERG_NAMESPACE: namespace,
    }),
    open,
    table: async (namespace, name) => {
      const loaded = await (await open()).load({ namespace: [namespace], name })
      return loaded && { catalog, namespace, name }
    },
    ...(warehouse?.startsWith('arn:') ? ofTableBucket(origin, warehouse, s3) : byRest(root)),
    ...(s3 && { receipts: await inStateBucket(s3, `${s3.bucket}-state`) }),
    stop: async () => {
      await catalog.stop()
      await alsoStop()
    },
  }
}

const inStateBucket = async (
  s3: S3Access,
  bucket: string,
): Promise<NonNullable<Ground['receipts']>> => {
  const storage = storageOf({ ...s3, bucket })
  await makeBucket(s3, bucket)
  return { env: { ...often, OTLP2PARQUET_STATE_BUCKET: bucket }, storage }
}

type Changes = Required<Pick<Ground, 'drop' | 'rename'>>

const byRest = (root: string): Changes => ({
  drop: (namespace, name) =>
    ask('DELETE', `${root}/namespaces/${namespace}/tables/${name}?purgeRequested=false`),
  rename: (namespace, from, to) =>
    ask('POST', `${root}/tables/rename`, {
      source: { namespace: [namespace], name: from },
      destination: { namespace: [namespace], name: to },
    }),
})

/** By the API of Amazon S3 Tables: ministack's REST endpoint can neither drop nor rename. */
const ofTableBucket = (origin: string, arn: string, s3?: S3Access): Changes => {
  const tables = `${origin}/tables/${encodeURIComponent(arn)}`
  return {
    drop: async (namespace, name) => {
      await ask('DELETE', `${tables}/${namespace}/${name}`)
      // S3 Tables gives each table a bucket of its own. ministack keeps the metadata of the one before in its place, and takes
      // that for the new table's while its number is higher.
      const storage = s3 && storageOf(s3)
      for await (const { key } of storage?.list(`${namespace}/${name}/metadata/`) ?? []) {
        if (key.endsWith('.metadata.json')) await storage?.delete(key)
      }
    },
    rename: (namespace, from, to) =>
      ask('PUT', `${tables}/${namespace}/${from}/rename`, { newName: to }),
  }
}

const openRest = ({ uri, warehouse, s3 }: RestCatalog): Catalog =>
  createRestCatalog({
    uri,
    ...(warehouse !== undefined && { warehouse }),
    auth: { type: 'none' },
    openFileIO: createOpenFileIO({
      config: { s3Region: s3?.region, s3Endpoint: s3?.endpoint },
      credentials: async () => ({
        accessKeyId: s3?.accessKeyId ?? '',
        secretAccessKey: s3?.secretAccessKey ?? '',
      }),
      log: noLog,
    }),
    log: noLog,
  })

/** What stands before `/namespaces`. */
const restRoot = async ({ uri, warehouse }: RestCatalog): Promise<string> => {
  const query = warehouse === undefined ? '' : `?warehouse=${encodeURIComponent(warehouse)}`
  const response = await fetch(`${uri}/v1/config${query}`)
  const { defaults, overrides } = (await response.json()) as Record<
    'defaults' | 'overrides',
    { readonly prefix?: string }
  >
  const prefix = overrides.prefix ?? defaults.prefix
  return prefix === undefined ? `${uri}/v1` : `${uri}/v1/${prefix}`
}

/** Nobody here checks it; ministack reads the service in its scope. */
const authorization =
  'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3tables/aws4_request, SignedHeaders=host, Signature=0'

const ask = async (method: string, url: string, body?: unknown): Promise<void> => {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', authorization },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text.slice(0, 200)}`)
}

/** A catalog whose tables are in a bucket of versitygw. */
const onVersitygw = async (
  name: string,
  start: (s3: S3Access) => Promise<RestCatalog>,
): Promise<Ground> => {
  const s3 = await startVersitygw()
  return inCatalog(name, await start(s3), s3.stop)
}

/** A file catalog's tables in a storage; `root`: where the storage's objects are for readers. */
export const fileGround = (
  name: string,
  storage: Storage,
  root: string,
  rest: Pick<Ground, 'origins' | 'env' | 'stop' | 'folder'> & { readonly s3?: S3Access },
): Ground => {
  const open = async (): Promise<FileCatalog> => createFileCatalog({ storage, root, log: noLog })
  const { s3, ...ground } = rest
  return {
    name,
    ...ground,
    receipts: { env: often, storage },
    open,
    table: async (namespace, name) => {
      const loaded = await (await open()).load({ namespace: [namespace], name })
      // Not by its hint, which may be behind.
      const folder = `${root.replace(/^file:\/\//, '')}/${namespace}/${name}/metadata`
      return loaded && { metadata: `${folder}/v${loaded.version}.metadata.json`, ...(s3 && { s3 }) }
    },
    drop: async (namespace, name) => {
      const keys = await Array.fromAsync(storage.list(`${namespace}/${name}/metadata/`))
      const isTable = /\/(v\d+\.metadata\.json|version-hint\.text)$/
      for (const { key } of keys) if (isTable.test(key)) await storage.delete(key)
    },
    removeVersion: (namespace, name, version) =>
      storage.delete(`${namespace}/${name}/metadata/v${version}.metadata.json`),
  }
}

const storageOf = (s3: S3Access): Storage => {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = s3
  const credentials = async () => ({ accessKeyId, secretAccessKey })
  return createS3Storage({ endpoint, region, bucket, credentials, sha256 })
}

const filesOnVersitygw = async (name: string): Promise<Ground> => {
  const s3 = await startVersitygw()
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = s3
  return fileGround(name, storageOf(s3), `s3://${bucket}`, {
    s3,
    origins: { s3: endpoint },
    env: (namespace, { s3: before = endpoint }) => ({
      ...filesAtOnce,
      OTLP2PARQUET_ICEBERG_NAMESPACE: namespace,
      OTLP2PARQUET_STORAGE_BACKEND: 's3',
      OTLP2PARQUET_S3_BUCKET: bucket,
      OTLP2PARQUET_S3_REGION: region,
      OTLP2PARQUET_S3_ENDPOINT: before,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    }),
    stop: s3.stop,
  })
}

const filesOnDisk = async (name: string): Promise<Ground> => {
  const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-tables-'))
  return fileGround(name, await openFileStorage(folder), `file://${folder}`, {
    origins: {},
    folder,
    env: (namespace) => ({
      ...filesAtOnce,
      OTLP2PARQUET_ICEBERG_NAMESPACE: namespace,
    }),
    stop: () => rm(folder, { recursive: true, force: true }),
  })
}

/** By name: a ground, started. */
export const grounds: Readonly<Record<string, (name: string) => Promise<Ground>>> = {
  'Java on versitygw': (name) => onVersitygw(name, startJavaRest),
  'Java on disk': async (name) => inCatalog(name, await startJavaRest()),
  ministack: async (name) => inCatalog(name, await startMinistack()),
  'files on versitygw': filesOnVersitygw,
  'files on disk': filesOnDisk,
  Nessie: (name) => onVersitygw(name, startNessie),
}
