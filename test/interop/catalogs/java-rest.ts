/** Iceberg's own Java REST server: the reference for what a catalog answers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quickStart } from '../java.ts'
import { freePort, icebergJars, serve } from '../programs.ts'
import type { RestCatalog, S3Access } from './catalog.ts'

/**
 * Starts the server over a folder of its own or a bucket; `more` are variables of its environment. Its state is an SQLite
 * file: with SQLite in memory each connection would see another catalog.
 */
export const startJavaRest = async (
  s3?: S3Access,
  more: Readonly<Record<string, string>> = {},
): Promise<RestCatalog> => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-java-rest-'))
  const port = await freePort()
  const env = {
    CATALOG_REST_PORT: String(port),
    CATALOG_URI: `jdbc:sqlite:file:${folder}/catalog.db`,
    ...(s3 === undefined ? { CATALOG_WAREHOUSE: `file://${folder}/warehouse` } : onS3(s3)),
    ...more,
  }
  const server = 'org.apache.iceberg.rest.RESTCatalogServer'
  const args = ['-Xmx512m', ...quickStart, '-cp', icebergJars, server]
  const service = await serve('java', args, { port, ready: '/v1/config', env })
  const stop = async (): Promise<void> => {
    await service.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return { uri: service.url, auth: { type: 'none' }, ...(s3 && { s3 }), stop }
}

// Two underscores in a variable's name are a hyphen in the property's.
const onS3 = (s3: S3Access) => ({
  CATALOG_WAREHOUSE: `s3://${s3.bucket}/java`,
  CATALOG_IO__IMPL: 'org.apache.iceberg.aws.s3.S3FileIO',
  CATALOG_S3_ENDPOINT: s3.endpoint,
  CATALOG_S3_PATH__STYLE__ACCESS: 'true',
  AWS_ACCESS_KEY_ID: s3.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  AWS_REGION: s3.region,
})

/** What makes the server hand out the keys of its S3 to whoever loads a table. */
export const vending = (s3: S3Access) => ({
  CATALOG_INCLUDE__CREDENTIALS: 'true',
  CATALOG_S3_ACCESS__KEY__ID: s3.accessKeyId,
  CATALOG_S3_SECRET__ACCESS__KEY: s3.secretAccessKey,
})
