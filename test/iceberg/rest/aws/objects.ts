// The objects of S3 Tables' own buckets (`…--table-s3`): put, get and head are all that there is, never a list or a delete.
import type { WireAnswer, WireRequest } from './hosts.ts'

const xml = { 'Content-Type': 'application/xml' }

const error = (status: number, code: string): WireAnswer => ({
  status,
  headers: xml,
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`,
})

/** Answers for every table's bucket, each by its host. */
export const createTableObjects = (): ((request: WireRequest) => WireAnswer) => {
  const objects = new Map<string, Uint8Array>()
  return ({ method, url, host, headers, content }) => {
    const [path = '', query = ''] = url.split('?')
    const key = `${host}${path}`
    const found = objects.get(key)
    const known = query === '' || query === 'x-id=PutObject'
    if (!/--table-s3\.s3\.[a-z0-9-]+\.amazonaws\.com$/.test(host) || !known) {
      return error(405, 'MethodNotAllowed')
    }
    if (method === 'PUT') {
      if (headers['if-none-match'] === '*' && found) return error(412, 'PreconditionFailed')
      objects.set(key, content)
      return { status: 200, headers: { ETag: '"1"' } }
    }
    if (method !== 'GET' && method !== 'HEAD') return error(405, 'MethodNotAllowed')
    if (found === undefined) return error(404, 'NoSuchKey')
    const headersOfIt = { ETag: '"1"', 'Content-Length': String(found.length) }
    return { status: 200, headers: headersOfIt, body: found }
  }
}
