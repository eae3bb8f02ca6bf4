import { awsDomains } from '../aws-domains.ts'
import { percentEncoded } from '../bytes.ts'
import { IngestError } from '../errors.ts'

/** Where a bucket is. */
export interface BucketAddress {
  readonly bucket: string
  readonly region: string
  /** `https://host[:port][/path]` of another S3 server; without it Amazon's own of the region. */
  readonly endpoint?: string
  /**
   * Whether the bucket's name stands in the path instead of before the host. By default at an
   * endpoint of one's own, and where the name holds a dot, for which no certificate would fit.
   */
  readonly pathStyle?: boolean
}

/** Whether a bucket is one of those behind S3 Tables, which are named so ("Amazon S3 Tables", table warehouse location). */
export const isTableBucket = (bucket: string): boolean => bucket.endsWith('--table-s3')

export type Query = Readonly<Record<string, string>>

/** Gives the URL of an object, or without a key of the bucket. */
export type UrlOf = (key: string | null, query?: Query) => URL

/**
 * The URLs of a bucket. Every byte of a key but `A-Za-z0-9-_.~/` is encoded, once: what a strict
 * server signs ("Signature Version 4", canonical URI) then stands on the wire as it is.
 * The result throws `unavailable` for a key with `.` or `..` between slashes: URLs know no such.
 */
export const addressOf = ({ bucket, region, endpoint, pathStyle }: BucketAddress): UrlOf => {
  const inPath = pathStyle ?? (endpoint !== undefined || bucket.includes('.'))
  const server = new URL(endpoint ?? `https://s3.${region}.${awsDomains(region).plain}`)
  const host = inPath ? server.host : `${bucket}.${server.host}`
  const folder = server.pathname.replace(/\/+$/, '')
  const base = inPath ? `${folder}/${encodeSegment(bucket)}` : folder
  return (key, query = {}) => {
    const path = key === null ? base || '/' : `${base}/${encodeKey(key)}`
    const url = new URL(`${server.protocol}//${host}${path}${encodeQuery(query)}`)
    // WHATWG URL, "path state": dot segments vanish, encoded ones too.
    if (key !== null && url.pathname !== path) {
      throw new IngestError('unavailable', 'storage cannot name an object with . or .. in its path')
    }
    return url
  }
}

const encodeKey = (key: string): string => key.split('/').map(encodeSegment).join('/')

/** RFC 3986's unreserved characters stay; `encodeURIComponent` leaves five more. */
const encodeSegment = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) =>
    percentEncoded(character.charCodeAt(0)),
  )

const encodeQuery = (query: Query): string => {
  const pairs = Object.entries(query).map(
    ([name, value]) => `${encodeSegment(name)}=${encodeSegment(value)}`,
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}
