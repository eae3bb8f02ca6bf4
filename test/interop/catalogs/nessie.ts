/** Nessie: a catalog with branches, tables on S3 only, and other answers than the reference's. */
import { quickStart } from '../java.ts'
import { freePort, nessie, serve, youngJava } from '../programs.ts'
import type { RestCatalog, S3Access } from './catalog.ts'

const options = 'nessie.catalog.service.s3.default-options'

/** Starts Nessie over a bucket; `more` are properties of its own. Its state is in memory. */
export const startNessie = async (
  s3: S3Access,
  more: Readonly<Record<string, string>> = {},
): Promise<RestCatalog> => {
  const port = await freePort()
  const readyPort = await freePort()
  const args = [
    '-Xmx768m',
    ...quickStart,
    ...Object.entries({ ...properties(s3, port, readyPort), ...more }).map(
      ([key, value]) => `-D${key}=${value}`,
    ),
    '-jar',
    nessie,
  ]
  const ready = '/q/health/ready'
  const service = await serve(youngJava, args, { port, readyPort, ready, patience: 90_000 })
  const stop = async (): Promise<void> => {
    await service.stop()
  }
  const auth = { type: 'none' } as const
  return { uri: `${service.url}/iceberg`, auth, s3, withoutMetadataFiles: true, stop }
}

const properties = (s3: S3Access, port: number, management: number) => {
  return {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': String(port),
    'quarkus.management.host': '127.0.0.1',
    'quarkus.management.port': String(management),
    'nessie.version.store.type': 'IN_MEMORY',
    'nessie.catalog.default-warehouse': 'warehouse',
    'nessie.catalog.warehouses.warehouse.location': `s3://${s3.bucket}/nessie`,
    [`${options}.region`]: s3.region,
    [`${options}.path-style-access`]: 'true',
    [`${options}.endpoint`]: s3.endpoint,
    [`${options}.access-key`]: 'urn:nessie-secret:quarkus:s3creds',
    's3creds.name': s3.accessKeyId,
    's3creds.secret': s3.secretAccessKey,
  }
}

/** What makes Nessie assume a role for whoever loads a table, and hand out the keys of that session. */
export const assuming = (role: string, s3: S3Access) => ({
  [`${options}.sts-endpoint`]: s3.endpoint,
  [`${options}.client-iam.enabled`]: 'true',
  [`${options}.client-iam.assume-role`]: role,
})
