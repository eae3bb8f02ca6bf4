import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bucketName, objectsOf, type RunningWorker } from '../../tools/worker.ts'
import type { FilesServer } from '../s3-servers.ts'

/**
 * Shows readers what a Worker's bucket has, in the bucket of its name at versitygw, whose objects are files: what is in R2 is
 * there under the same names.
 */
export const showIn = async ({ folder }: FilesServer, { bucket }: RunningWorker): Promise<void> => {
  for (const [key, bytes] of await objectsOf(bucket)) {
    const file = join(folder, bucketName, key)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
}
