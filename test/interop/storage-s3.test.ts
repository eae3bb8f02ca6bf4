// Protects objects on S3: real servers of other people keep the storage contract through us, the
// strict one with signatures, regions and checksums that it recomputes.
import { afterAll, beforeAll, describe } from 'vitest'
import { createS3Storage, type S3Options } from '../../src/storage/s3.ts'
import { storageContract } from '../contracts/storage.ts'
import { type S3Server, startMoto, startVersitygw } from './s3-servers.ts'

const servers = { versitygw: startVersitygw, moto: startMoto }

describe.each(Object.entries(servers))('%s', (name, start) => {
  let server: S3Server
  let buckets = 0

  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())

  /** A storage in a bucket of its own. */
  const open = async (options: Partial<S3Options> = {}) => {
    const bucket = `bucket-${buckets++}`
    await server.createBucket(bucket)
    const { endpoint, region } = server
    const credentials = async () => server
    return createS3Storage({ bucket, endpoint, region, credentials, ...options })
  }

  storageContract(name, async () => ({ storage: await open() }))
})
