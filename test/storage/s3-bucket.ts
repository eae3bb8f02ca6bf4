// The objects of the S3 for tests, and what each call of the REST API does to them.
import { createHash } from 'node:crypto'
import type { WireRequest } from './s3-server.ts'

export interface FakeAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** An error as S3 writes it. */
export const refuse = (status: number, code: string, more = ''): FakeAnswer => ({
  status,
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>told &amp; true</Message>${more}<RequestId>R1</RequestId><HostId>H1</HostId></Error>`,
})

export interface FakeObject {
  readonly bytes: Buffer
  readonly etag: string
  readonly checksum: string
  readonly headers: Readonly<Record<string, string>>
  /** As ISO 8601. */
  readonly modified: string
}

interface Upload {
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly parts: Map<number, Buffer>
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()

const encoded = (key: string): string =>
  [...Buffer.from(key)]
    .map((byte) => String.fromCharCode(byte))
    .map((c) =>
      /[A-Za-z0-9\-_.~/]/.test(c)
        ? c
        : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')

/** One bucket in memory. */
export class FakeBucket {
  readonly objects = new Map<string, FakeObject>()
  readonly uploads = new Map<string, Upload>()
  /** Keys in one page of a list. */
  pageSize = 3
  /** Whether it keeps `x-amz-meta-…` and checksums. */
  keepsHeaders = true

  answer(request: WireRequest, base: string): FakeAnswer {
    const { method, path } = request
    const query = new URLSearchParams(request.query)
    if (path === base || path === `${base}/`) return this.list(query)
    if (!path.startsWith(`${base}/`)) return refuse(404, 'NoSuchBucket')
    const raw = path.slice(base.length + 1)
    const key = decodeURIComponent(raw)
    // One spelling only: every byte but the unreserved ones, once, in capitals.
    if (encoded(key) !== raw) return refuse(400, 'InvalidURI')
    if (query.has('uploads')) return this.begin(key, request)
    const upload = query.get('uploadId')
    if (upload !== null) return this.upload(upload, Number(query.get('partNumber')), request)
    if (method === 'PUT') return this.put(key, request.body, request, undefined)
    if (method === 'DELETE') {
      this.objects.delete(key)
      return { status: 204 }
    }
    return this.get(key, request)
  }

  /** Somebody else's put. */
  store(key: string, bytes: Buffer): void {
    const modified = new Date().toISOString()
    this.objects.set(key, { bytes, etag: '"theirs"', checksum: '', headers: {}, modified })
  }

  private get(key: string, { method, headers }: WireRequest): FakeAnswer {
    const found = this.objects.get(key)
    if (found === undefined) return refuse(404, 'NoSuchKey')
    const size = found.bytes.length
    const kept = {
      etag: found.etag,
      'last-modified': new Date(found.modified).toUTCString(),
      ...found.headers,
      ...(this.keepsHeaders &&
        headers['x-amz-checksum-mode'] === 'ENABLED' && {
          'x-amz-checksum-sha256': found.checksum,
        }),
    }
    if (method === 'HEAD') return { status: 200, headers: { ...kept, 'content-length': `${size}` } }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    if (from === undefined) return { status: 200, headers: kept, body: found.bytes }
    if (Number(from) >= size) return refuse(416, 'InvalidRange')
    const end = Math.min(Number(to) + 1, size)
    return {
      status: 206,
      headers: { ...kept, 'content-range': `bytes ${from}-${end - 1}/${size}` },
      body: found.bytes.subarray(Number(from), end),
    }
  }

  private put(
    key: string,
    bytes: Buffer,
    { headers }: WireRequest,
    upload: Upload | undefined,
  ): FakeAnswer {
    const before = this.objects.get(key)
    if (headers['if-none-match'] === '*' && before) return refuse(412, 'PreconditionFailed')
    const wanted = headers['if-match']
    if (wanted !== undefined && before === undefined) return refuse(404, 'NoSuchKey')
    if (wanted !== undefined && before?.etag !== wanted) return refuse(412, 'PreconditionFailed')
    const parts = [...(upload?.parts.values() ?? [])]
    const checksum = upload
      ? `${sha256(Buffer.concat(parts.map(sha256))).toString('base64')}-${parts.length}`
      : sha256(bytes).toString('base64')
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
    const kept = Object.entries(upload?.headers ?? headers).filter(
      ([name]) => this.keepsHeaders && name.startsWith('x-amz-meta-'),
    )
    const modified = new Date().toISOString()
    const headersKept = Object.fromEntries(kept)
    this.objects.set(key, { bytes, etag, checksum, headers: headersKept, modified })
    return { status: 200, headers: { etag } }
  }

  private list(query: URLSearchParams): FakeAnswer {
    const prefix = query.get('prefix') ?? ''
    const after = query.get('continuation-token')
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const start = after === null ? 0 : Number(after.replace('token+/=', ''))
    const page = keys.slice(start, start + this.pageSize)
    const next = start + this.pageSize < keys.length ? `token+/=${start + this.pageSize}` : ''
    const contents = page.map(
      (key) =>
        `<Contents><Key>${encodeURIComponent(key).replaceAll('%20', '+')}</Key><LastModified>${this.objects.get(key)?.modified}</LastModified><Size>${this.objects.get(key)?.bytes.length}</Size></Contents>`,
    )
    const token = next && `<NextContinuationToken>${next}</NextContinuationToken>`
    return {
      status: 200,
      body: `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>${contents.join('')}${token}</ListBucketResult>`,
    }
  }

  private begin(key: string, { headers }: WireRequest): FakeAnswer {
    const id = `upload+/=${this.uploads.size}`
    this.uploads.set(id, { key, headers, parts: new Map() })
    return {
      status: 200,
      body: `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    }
  }

  private upload(id: string, part: number, request: WireRequest): FakeAnswer {
    const upload = this.uploads.get(id)
    if (upload === undefined) return refuse(404, 'NoSuchUpload')
    if (request.method === 'PUT') {
      upload.parts.set(part, request.body)
      return { status: 200, headers: { etag: `"part&${part}"` } }
    }
    if (request.method === 'DELETE') {
      this.uploads.delete(id)
      return { status: 204 }
    }
    const parts = [...upload.parts].sort(([a], [b]) => a - b)
    if (request.body.toString() !== completion(parts)) return refuse(400, 'InvalidPart')
    const whole = Buffer.concat(parts.map(([, bytes]) => bytes))
    const sorted = { ...upload, parts: new Map(parts) }
    const answer = this.put(upload.key, whole, request, sorted)
    if (answer.status === 200) this.uploads.delete(id)
    return answer.status === 200
      ? { status: 200, body: '<CompleteMultipartUploadResult/>' }
      : answer
  }
}

/** What a client has to send to complete these parts. */
const completion = (parts: readonly (readonly [number, Buffer])[]): string => {
  const elements = parts.map(
    ([number, bytes]) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>"part&#38;${number}"</ETag><ChecksumSHA256>${sha256(bytes).toString('base64')}</ChecksumSHA256></Part>`,
  )
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${elements.join('')}</CompleteMultipartUpload>`
}
