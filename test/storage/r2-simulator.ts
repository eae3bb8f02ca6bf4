/** R2 as Cloudflare's own simulator has it: workerd's binding before miniflare's bucket, reached from Node. */
import { Miniflare } from 'miniflare'
import type { R2Binding } from '../../src/storage/r2-binding.ts'

export interface R2Simulator {
  readonly bucket: R2Binding
  /** Removes every object. */
  readonly empty: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts one with an empty bucket in memory. */
export const startR2Simulator = async (): Promise<R2Simulator> => {
  const script = 'export default { fetch: () => new Response() }'
  const miniflare = new Miniflare({ modules: true, script, r2Buckets: ['BUCKET'] })
  // Workers' types are not installed.
  const bucket = (await miniflare.getR2Bucket('BUCKET')) as unknown as R2Binding
  return {
    bucket,
    async empty() {
      const { objects } = await bucket.list({ prefix: '' })
      await Promise.all(objects.map(({ key }) => bucket.delete(key)))
    },
    stop: () => miniflare.dispose(),
  }
}
