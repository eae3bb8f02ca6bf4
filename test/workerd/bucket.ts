/** The bucket that the Worker which runs the cases is bound to. */
import { env } from 'cloudflare:workers'
import type { R2Binding } from '../../src/storage/r2-binding.ts'

/** A binding takes up to 1,000 keys at once, as many as are on a page. */
interface Bucket extends R2Binding {
  delete(keys: string | readonly string[]): Promise<void>
}

/** The bucket with nothing in it: what an earlier case left there is removed. */
export const emptyBucket = async (): Promise<R2Binding> => {
  const bucket = watched(env.BUCKET as Bucket, '') as Bucket
  for (let isMore = true; isMore; ) {
    const { objects, truncated } = await bucket.list({ prefix: '' })
    if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key))
    isMore = truncated
  }
  return bucket
}

/** Calls of the bucket, and bodies of its objects, that did not come to their end yet. */
export const underWay = new Set<{ readonly call: string }>()

/** The same, whose calls are written down while they last. */
const watched = <T extends object>(what: T, of: string): T =>
  new Proxy(what, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        const result: unknown = member.apply(target, given)
        return result instanceof Promise
          ? noted(result, `${String(name)} ${of || (JSON.stringify(given[0]) ?? '')}`)
          : result
      }
    },
  })

const noted = async (result: Promise<unknown>, call: string): Promise<unknown> => {
  const entry = { call }
  underWay.add(entry)
  try {
    const value = await result
    const isBody = typeof value === 'object' && value !== null && 'arrayBuffer' in value
    return isBody ? watched(value, call) : value
  } finally {
    underWay.delete(entry)
  }
}
