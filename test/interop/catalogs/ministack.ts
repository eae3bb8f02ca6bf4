/** ministack: the endpoint of Amazon S3 Tables, and the S3 behind it, in one process. It checks no signature. */
import { freePort, ministack, serve } from '../programs.ts'
import type { RestCatalog } from './catalog.ts'

const region = 'us-east-1'
// Its own account's keys: with others a caller would be somebody else, who sees no tables.
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }

/** Starts ministack with one table bucket; the warehouse is the bucket's ARN. */
export const startMinistack = async (bucket = 'tables'): Promise<RestCatalog> => {
  const port = await freePort()
  const env = {
    BIND_HOST: '127.0.0.1',
    MINISTACK_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const service = await serve(ministack, [], { port, ready: '/_ministack/health', env })
  const stop = async (): Promise<void> => {
    await service.stop()
  }
  try {
    const warehouse = await createTableBucket(service.url, bucket)
    const s3 = { endpoint: service.url, region, ...credentials, bucket }
    const auth = { type: 'sigv4', service: 's3tables' } as const
    return { uri: `${service.url}/iceberg`, warehouse, auth, s3, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The ARN of a new table bucket. The service that is meant stands in the signature's scope. */
const createTableBucket = async (url: string, name: string): Promise<string> => {
  const scope = `${credentials.accessKeyId}/20260101/${region}/s3tables/aws4_request`
  const response = await fetch(`${url}/buckets`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify({ name }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`cannot make the table bucket ${name}: ${text}`)
  return (JSON.parse(text) as { arn: string }).arn
}
