/** Secrets of AWS Secrets Manager. */
import { AwsV4Signer } from 'aws4fetch'
import { awsDomains } from '../../src/aws-domains.ts'
import { foreseen, IngestError, KnownError } from '../../src/errors.ts'
import { backoff, systemClock } from '../../src/iceberg/retry.ts'
import type { CredentialProvider } from '../../src/storage/s3-credentials.ts'

export interface SecretOptions {
  /** The secret's ARN. */
  readonly arn: string
  readonly credentials: CredentialProvider
  /** Another endpoint than the region's own, such as that of a VPC. */
  readonly endpoint?: string | undefined
  /** How often it is asked for at most, when a reason may pass. */
  readonly attempts?: number
  readonly fetch?: typeof fetch
}

/** Milliseconds for one attempt. */
const timeoutMs = 2000

/**
 * Reads a secret's text.
 * @throws IngestError `unavailable` that says what to do, when it cannot be read
 */
export const readSecret = async (options: SecretOptions): Promise<string> => {
  const { attempts = 3 } = options
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(options).catch((cause: unknown) => ({ status: 0, body: {}, cause }))
    if (answer.status === 200) return textOf(answer.body)
    if (!passes(answer) || attempt >= Math.max(attempts, leastAttempts(answer))) {
      throw refused(answer)
    }
    // Many functions start at once. A connection that was gone shows at once, and another is there.
    if (answer.status !== 0) await systemClock.sleep(backoff(attempt + 2))
  }
}

/** Whether the reason may be over soon. AWS's JSON services throttle with 400. */
const passes = ({ status, body }: Answer): boolean =>
  status === 0 || status === 429 || status >= 500 || /Throttl|TooManyRequests/.test(codeOf(body))

/**
 * A connection that was kept for the next call may be gone when a frozen function wakes up. That shows at once, unlike a
 * service that does not answer, and what is only read can be asked for again.
 */
const leastAttempts = ({ status, cause }: Answer): number =>
  status === 0 && (cause as Error | undefined)?.name !== 'TimeoutError' ? 2 : 1

interface Answer {
  /** 0: there was none. */
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** `GetSecretValue` ("AWS Secrets Manager API Reference"). */
const ask = async ({ arn, credentials, endpoint, fetch: send = fetch }: SecretOptions) => {
  const { region, url } = placeOf(arn)
  const signer = new AwsV4Signer({
    method: 'POST',
    url: endpoint ?? url,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'secretsmanager.GetSecretValue',
    },
    body: JSON.stringify({ SecretId: arn }),
    service: 'secretsmanager',
    region,
    ...(await credentials()),
  })
  const { method, headers, body, url: address } = await signer.sign()
  const signal = AbortSignal.timeout(timeoutMs)
  const response = await send(address, {
    method,
    headers,
    body: body ?? null,
    redirect: 'manual',
    signal,
  })
  return { status: response.status, body: await jsonOf(response) } satisfies Answer
}

const jsonOf = async (response: Response): Promise<Answer['body']> => {
  try {
    return (await response.json()) as Answer['body']
  } catch {
    return {}
  }
}

/** The region of a secret, which need not be the function's, and the endpoint there. */
const placeOf = (arn: string): { region: string; url: string } => {
  const region = arn.split(':')[3] ?? ''
  return { region, url: `https://secretsmanager.${region}.${awsDomains(region).plain}/` }
}

const textOf = ({ SecretString: text }: Answer['body']): string => {
  if (typeof text === 'string') return text
  throw unreadable('it holds bytes, not text')
}

/** What to do about each kind of refusal. */
const reasons: Readonly<Record<string, string>> = {
  AccessDeniedException:
    'access is denied: allow secretsmanager:GetSecretValue on it, and kms:Decrypt on its key',
  ResourceNotFoundException: 'there is no such secret, or it has no value yet',
  DecryptionFailure: 'its key cannot be used: allow kms:Decrypt',
  InvalidRequestException: 'it is about to be deleted: restore it',
}

const refused = ({ status, body, cause }: Answer): IngestError => {
  if (status === 0) return unreadable('Secrets Manager cannot be reached', foreseen(cause))
  const code = codeOf(body)
  // Its own words name the role and the secret: for the log.
  const words = String(body.message ?? body.Message ?? '')
  const why = reasons[code] ?? `Secrets Manager answered ${status} ${code}`.trimEnd()
  return unreadable(why, new KnownError(words || String(status)))
}

const codeOf = (body: Answer['body']): string => String(body.__type ?? '').replace(/^.*#/, '')

const unreadable = (why: string, cause?: unknown): IngestError =>
  new IngestError('unavailable', `the secret with the tokens cannot be read: ${why}`, { cause })
