import { IngestError, KnownError, NotImplementedError } from '../errors.ts'
import { isTableBucket } from './s3-address.ts'
import { textOf } from './s3-xml.ts'

/** What a server said when it refused: the cause of what callers see, and what the log gets. */
export class S3Error extends KnownError {
  override readonly name = 'S3Error'
  /** The HTTP status. */
  readonly status: number
  /** S3's own word ("Error responses"), empty where the answer had none. */
  readonly code: string
  /** What Amazon's support asks for. */
  readonly requestId: string | undefined
  readonly hostId: string | undefined
  /** Where the bucket really is, if the answer says so. */
  readonly region: string | undefined
  /** By how much this machine's clock is wrong, in seconds, when that is the reason. */
  readonly skew: number | undefined
  /** Whether the bucket is one of S3 Tables. */
  readonly isOfTables: boolean

  /** `code`: where the answer cannot have told it. */
  constructor(status: number, headers: Headers, xml: string, { code, bucket = '' }: Asked = {}) {
    super(textOf(xml, 'Message') ?? `HTTP status ${status}`)
    this.status = status
    this.code = code ?? textOf(xml, 'Code') ?? ''
    this.isOfTables = isTableBucket(bucket)
    this.requestId = textOf(xml, 'RequestId') ?? headers.get('x-amz-request-id') ?? undefined
    this.hostId = textOf(xml, 'HostId') ?? headers.get('x-amz-id-2') ?? undefined
    this.region = textOf(xml, 'Region') ?? headers.get('x-amz-bucket-region') ?? undefined
    this.skew = this.code === 'RequestTimeTooSkewed' ? skewOf(xml, headers) : undefined
  }

  /**
   * Whether there is no such object. The status alone does not say so: a missing bucket has the same, and so has a web
   * server at the wrong address.
   */
  get isMissing(): boolean {
    return this.status === 404 && this.code === 'NoSuchKey'
  }

  /** What a log line says of it. */
  get facts(): Readonly<Record<string, unknown>> {
    const { status, code, message, requestId, hostId, region } = this
    return { status, code, reason: message, requestId, hostId, region }
  }
}

interface Asked {
  readonly code?: string | undefined
  readonly bucket?: string
}

const skewOf = (xml: string, headers: Headers): number | undefined => {
  const seconds = (Date.now() - Date.parse(serverTime(xml, headers))) / 1000
  return Number.isFinite(seconds) ? Math.round(seconds) : undefined
}

const serverTime = (xml: string, headers: Headers): string =>
  textOf(xml, 'ServerTime') ?? headers.get('date') ?? ''

/** New credentials may help. A key that is not known there may be one that was replaced since it was read. */
export const credentialCodes: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidToken',
  'TokenRefreshRequired',
  // What versitygw says, with 404, of a key that it does not know.
  'XAdminUserNotFound',
])

const expired = 'the credentials have expired'
const denied =
  'access is denied: allow s3:PutObject and s3:GetObject, and s3:ListBucket, without which missing objects look forbidden'
// Nobody may list such a bucket, and S3 answers whoever may not list with 403 for what is not there.
const deniedInTables =
  'access is denied: allow s3tables:GetTableData and s3tables:PutTableData; where they are allowed, an object is missing: a table bucket may not say so'
const unknownKey = 'the access key is not known there'
const damaged = 'bytes were damaged on their way'
const busy = 'the object store asks to slow down'

const reasons: Readonly<Record<string, string>> = {
  AccessDenied: denied,
  AllAccessDisabled: denied,
  NoSuchBucket: 'the bucket does not exist',
  InvalidBucketName: 'the bucket cannot have such a name',
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  InvalidToken: expired,
  TokenRefreshRequired: expired,
  InvalidAccessKeyId: unknownKey,
  XAdminUserNotFound: unknownKey,
  SignatureDoesNotMatch: 'the signature is refused: check the secret access key',
  BadDigest: damaged,
  InvalidDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  KeyTooLongError: 'the key is too long: shorten the prefix',
  NotImplemented: 'the object store knows no conditional puts or no checksums',
  SlowDown: busy,
  ServiceUnavailable: busy,
  TooManyRequests: busy,
}

const reasonOf = ({ status, code, region, skew, isOfTables }: S3Error): string => {
  if (isElsewhere(status, code)) {
    return `the bucket is in another region${region === undefined ? '' : `: configure ${plain(region)}`}`
  }
  if (code === 'RequestTimeTooSkewed') {
    return `this machine's clock is wrong${skew === undefined ? '' : ` by ${skew} s`}: synchronise it`
  }
  if (code.startsWith('KMS.')) return 'the encryption key cannot be used'
  const known = reasons[code] ?? (status === 403 ? denied : undefined)
  if (known === denied && isOfTables) return deniedInTables
  if (known !== undefined) return known
  if (status === 429 || status === 503) return busy
  return `the object store refused with ${plain(code) || status}`
}

/** The codes of a wrong region: of the host's, and of the signature's. */
const isElsewhere = (status: number, code: string): boolean =>
  (status >= 301 && status <= 308) ||
  ['AuthorizationHeaderMalformed', 'PermanentRedirect', 'IncorrectEndpoint'].includes(code)

/** A word from outside, for a message that clients see. */
const plain = (word: string): string => word.replace(/[^\w.-]/g, '').slice(0, 64)

/** Turns what a server refused into what callers are told: what to do, and no names. */
export const refusal = (error: S3Error): IngestError => {
  const message = `storage is unavailable: ${reasonOf(error)}`
  return error.code === 'NotImplemented'
    ? new NotImplementedError(message, { cause: error })
    : new IngestError('unavailable', message, { cause: error })
}
