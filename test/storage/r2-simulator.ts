/**
 * R2 as Cloudflare's own simulator has it: a Worker in workerd calls its binding of miniflare's bucket, and Node calls the
 * Worker. Miniflare's own way from Node to a binding asks for each member of each listed object in a call of its own.
 */
import { Miniflare, type Response } from 'miniflare'
import type { R2Binding, R2ObjectHead, R2Page } from '../../src/storage/r2-binding.ts'

export interface R2Simulator {
  readonly bucket: R2Binding
  /** Removes every object. */
  readonly empty: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** What is called in the Worker: the rest of the call stands in the body where that holds no object. */
interface Call {
  readonly operation: keyof R2Binding
  readonly key?: string
  readonly options?: object
}

/** JSON has no word for a lone surrogate; everything else passes as it is. */
const worker = `
const plain = (object) => object && {
  key: object.key, size: object.size, etag: object.etag, uploaded: object.uploaded,
  customMetadata: object.customMetadata,
}
export default {
  async fetch(request, { BUCKET }) {
    const { operation, key, options } = JSON.parse(decodeURIComponent(request.headers.get('call')))
    try {
      if (operation === 'get') {
        const object = await BUCKET.get(key, options)
        if (object === null) return Response.json(null)
        const head = encodeURIComponent(JSON.stringify(plain(object)))
        return new Response(await object.arrayBuffer(), { headers: { head } })
      }
      if (operation === 'put') {
        return Response.json(plain(await BUCKET.put(key, await request.arrayBuffer(), options)))
      }
      if (operation === 'list') {
        const page = await BUCKET.list(options)
        return Response.json({ ...page, objects: page.objects.map(plain) })
      }
      return Response.json(plain(await BUCKET[operation](key)) ?? null)
    } catch ({ message }) {
      return new Response(message, { status: 500 })
    }
  },
}`

/** Starts one with an empty bucket in memory. */
export const startR2Simulator = async (): Promise<R2Simulator> => {
  const miniflare = new Miniflare({ modules: true, script: worker, r2Buckets: ['BUCKET'] })
  const url = await miniflare.ready
  const send = async (call: Call, body: Uint8Array | null = null): Promise<Response> => {
    const headers = { call: encodeURIComponent(JSON.stringify(call)) }
    const response = await miniflare.dispatchFetch(url, { method: 'POST', headers, body })
    if (!response.ok) throw new Error(await response.text())
    return response
  }
  const bucket: R2Binding = {
    head: async (key) => dated(await (await send({ operation: 'head', key })).json()),
    async put(key, bytes, options = {}) {
      return dated(await (await send({ operation: 'put', key, options }, bytes)).json())
    },
    async get(key, options = {}) {
      const response = await send({ operation: 'get', key, options })
      const head = response.headers.get('head')
      if (head === null) return null
      const bytes = await response.arrayBuffer()
      const object = dated(JSON.parse(decodeURIComponent(head)) as R2ObjectHead)
      return object && { ...object, arrayBuffer: async () => bytes }
    },
    async list(options) {
      const page = (await (await send({ operation: 'list', options })).json()) as R2Page
      return { ...page, objects: page.objects.flatMap((object) => dated(object) ?? []) }
    },
    async delete(key) {
      await send({ operation: 'delete', key })
    },
  }
  return {
    bucket,
    async empty() {
      for (let isMore = true; isMore; ) {
        const { objects, truncated } = await bucket.list({ prefix: '' })
        await Promise.all(objects.map(({ key }) => bucket.delete(key)))
        isMore = truncated
      }
    },
    stop: () => miniflare.dispose(),
  }
}

const dated = (object: unknown): R2ObjectHead | null => {
  const head = object as R2ObjectHead | null
  return head && { ...head, uploaded: new Date(head.uploaded) }
}
