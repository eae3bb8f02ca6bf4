/**
 * A Worker for `infra/verify-cloudflare.sh` alone, bound to the bucket of a trial: counts its objects, tries its conditions,
 * and empties it, since Wrangler can do none of that. Deployed beside the program, and removed before the bucket.
 */
import type { R2Binding, R2Put } from '../../src/storage/r2-binding.ts'

interface Bindings {
  readonly BUCKET: R2Binding
  /** A secret, which whoever asks has to show. */
  readonly TOKEN: string
}

/** Objects that one request removes; the platform counts each call. */
const atOnce = 500

const key = 'verify/conditions'

/** Milliseconds between rounds: R2 takes about one write a second to a key, and refuses others with 10058. */
const betweenMs = 1_100

const pause = () => new Promise((resolve) => setTimeout(resolve, betweenMs))

/**
 * What of the assumptions about conditions does not hold, a line each; nothing where all do. They are what commits of the file
 * catalog stand on: of two that say the object is new, or that it is still the one they read, one wins.
 */
const brokenConditions = async (bucket: R2Binding): Promise<string> => {
  // One that is refused has not won either.
  const put = (text: string, onlyIf: NonNullable<R2Put['onlyIf']>) =>
    bucket.put(key, new TextEncoder().encode(text), { onlyIf }).catch(() => null)
  const text = async () => new TextDecoder().decode(await (await bucket.get(key))?.arrayBuffer())
  await bucket.delete(key)
  const news = await Promise.all(['a', 'b'].map((one) => put(one, { etagDoesNotMatch: '*' })))
  await pause()
  const first = news.find((made) => made !== null)
  const swaps = await Promise.all(
    ['c', 'd'].map((one) => put(one, { etagMatches: first?.etag ?? '' })),
  )
  const won = swaps[0] === null ? 'd' : 'c'
  const holds = {
    'of two puts of a new object one wins': news.filter((made) => made !== null).length === 1,
    'of two swaps of what was read one wins': swaps.filter((made) => made !== null).length === 1,
    'what was put last is read at once': (await text()) === won,
    'and is listed at once': (await bucket.list({ prefix: key })).objects.length === 1,
  }
  await pause()
  await bucket.delete(key)
  return Object.entries(holds)
    .filter(([, isSo]) => !isSo)
    .map(([what]) => `not: ${what}\n`)
    .join('')
}

const count = async (bucket: R2Binding, prefix: string): Promise<number> => {
  let objects = 0
  let cursor: string | undefined
  do {
    const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) })
    objects += page.objects.length
    cursor = page.truncated ? page.cursor : undefined
  } while (cursor !== undefined)
  return objects
}

/** `GET /?prefix=…`: how many objects there are. `POST`: what is wrong. `DELETE`: removes some, and says how many. */
export default {
  async fetch(request: Request, { BUCKET: bucket, TOKEN: token }: Bindings): Promise<Response> {
    if (!token || request.headers.get('Authorization') !== `Bearer ${token}`) {
      return new Response('', { status: 401 })
    }
    if (request.method === 'POST') return new Response(await brokenConditions(bucket))
    if (request.method === 'DELETE') {
      const { objects } = await bucket.list({ prefix: '' })
      const some = objects.slice(0, atOnce)
      for (const object of some) await bucket.delete(object.key)
      return new Response(String(some.length))
    }
    const { searchParams } = new URL(request.url)
    return new Response(String(await count(bucket, searchParams.get('prefix') ?? '')))
  },
}
