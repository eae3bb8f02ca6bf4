// Protects objects in R2: through the binding of a real R2 simulator, and through one that fails as R2 does.
import { Miniflare } from 'miniflare'
import { afterAll } from 'vitest'
import { createR2Storage } from '../../src/storage/r2.ts'
import type { R2Binding } from '../../src/storage/r2-binding.ts'
import { storageContract } from '../contracts/storage.ts'

const script = 'export default { fetch: () => new Response() }'
const mf = new Miniflare({ modules: true, script, r2Buckets: ['BUCKET'] })
afterAll(() => mf.dispose())

/** The bucket, emptied. */
const emptyBucket = async (): Promise<R2Binding> => {
  // Workers' types are not installed, and so not these.
  const bucket = (await mf.getR2Bucket('BUCKET')) as unknown as R2Binding
  const { objects } = await bucket.list({ prefix: '' })
  await Promise.all(objects.map(({ key }) => bucket.delete(key)))
  return bucket
}

storageContract('r2', async () => ({
  storage: createR2Storage({ bucket: await emptyBucket() }),
}))
