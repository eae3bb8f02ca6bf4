/** infra/maintenance/compact.py, as its users run it. */
import type { S3Access } from '../catalogs/catalog.ts'
import { here, pyiceberg, run } from '../programs.ts'
import type { TableRef } from '../readers/iceberg.ts'

const awsEnvironment = (s3: S3Access) => ({
  AWS_ACCESS_KEY_ID: s3.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  AWS_DEFAULT_REGION: s3.region,
  AWS_ENDPOINT_URL: s3.endpoint,
})

/** Merges files of the tables that are in a table's folder or bucket, whatever their age; what was printed. */
export const compactFiles = (table: TableRef, ...args: string[]): Promise<string> => {
  if (!('folder' in table)) throw new Error('no table of the file catalog')
  const root = table.folder.split('/').slice(0, -2).join('/')
  const script = here('infra/maintenance/compact.py')
  const env = table.s3 && awsEnvironment(table.s3)
  return run(pyiceberg, [script, root, '--days=-10000', ...args], { ...(env && { env }) })
}
