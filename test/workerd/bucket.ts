/** The bucket that the Worker which runs the cases is bound to. */
import { env } from 'cloudflare:workers'
import type { R2Binding } from '../../src/storage/r2-binding.ts'

/** A binding takes up to 1,000 keys at once, as many as are on a page. */
interface Bucket extends R2Binding {
  delete(keys: string | readonly string[]): Promise<void>
}

/** The bucket with nothing in it: what an earlier case left there is removed. */
export const emptyBucket = async (): Promise<R2Binding> => {
  const bucket = env.BUCKET as Bucket
  for (let isMore = true; isMore; ) {
    const { objects, truncated } = await bucket.list({ prefix: '' })
    if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key))
    isMore = truncated
  }
  return bucket
}
