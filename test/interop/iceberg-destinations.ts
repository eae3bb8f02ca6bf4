/** Every way in which the program makes Iceberg tables, and where a reader finds them. */
import type { RestCatalog, S3Access } from './catalogs/catalog.ts'
import { startJavaRest } from './catalogs/java-rest.ts'
import { startMinistack } from './catalogs/ministack.ts'
import { startNessie } from './catalogs/nessie.ts'
import type { TableRef } from './readers/iceberg.ts'
import { startVersitygw } from './s3-servers.ts'
import type { Server } from './server.ts'

/** A catalog, or a storage without one, that waits for tables. */
export interface IcebergDestination {
  /** What the program is configured with. */
  readonly env: Readonly<Record<string, string>>
  /** A table that a server with this environment made. */
  readonly table: (server: Server, name: string) => TableRef
  readonly stop: () => Promise<void>
}

/** What the program is told of an S3 server. */
export const s3Environment = (s3: S3Access) => ({
  OTLP2PARQUET_S3_REGION: s3.region,
  OTLP2PARQUET_S3_ENDPOINT: s3.endpoint,
  AWS_ACCESS_KEY_ID: s3.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
})

/** What the program is told of a bucket for everything that it stores. */
export const bucketEnvironment = (s3: S3Access) => ({
  ...s3Environment(s3),
  OTLP2PARQUET_STORAGE_BACKEND: 's3',
  OTLP2PARQUET_S3_BUCKET: s3.bucket,
})

/** What the program is told of a catalog. */
export const catalogEnvironment = ({ uri, warehouse, auth, s3 }: RestCatalog) => ({
  OTLP2PARQUET_ICEBERG_REST_URI: uri,
  ...(warehouse !== undefined && { OTLP2PARQUET_ICEBERG_WAREHOUSE: warehouse }),
  ...(auth.type === 'bearer' && { OTLP2PARQUET_ICEBERG_TOKEN: auth.token }),
  ...(auth.type === 'sigv4' && { OTLP2PARQUET_ICEBERG_SIGNING_NAME: auth.service }),
  ...(s3 && s3Environment(s3)),
})

const inCatalog = (catalog: RestCatalog, stop = catalog.stop): IcebergDestination => ({
  env: catalogEnvironment(catalog),
  table: (_server, name) => ({ catalog, namespace: 'otel', name }),
  stop,
})

/** A catalog whose tables are in a bucket of versitygw. */
const onVersitygw = async (
  start: (s3: S3Access) => Promise<RestCatalog>,
): Promise<IcebergDestination> => {
  const s3 = await startVersitygw()
  const catalog = await start(s3)
  return inCatalog(catalog, async () => {
    await catalog.stop()
    await s3.stop()
  })
}

/** Without a service; whoever reads after an answer finds all of it. */
export const filesAtOnce = { OTLP2PARQUET_ICEBERG_CATALOG: 'file', OTLP2PARQUET_COMMIT: 'inline' }

/** By name: a destination, started. */
export const icebergDestinations: Readonly<Record<string, () => Promise<IcebergDestination>>> = {
  'files on disk': async () => ({
    env: filesAtOnce,
    table: ({ folder }, name) => ({ folder: `${folder}/otel/${name}` }),
    stop: async () => {},
  }),
  'files on versitygw': async () => {
    const s3 = await startVersitygw()
    const env = { ...bucketEnvironment(s3), ...filesAtOnce }
    const table = (_server: Server, name: string) => ({
      folder: `s3://${s3.bucket}/otel/${name}`,
      s3,
    })
    return { env, table, stop: s3.stop }
  },
  'Java on disk': async () => inCatalog(await startJavaRest()),
  'Java on versitygw': () => onVersitygw(startJavaRest),
  Nessie: () => onVersitygw(startNessie),
  ministack: async () => inCatalog(await startMinistack()),
}
