import { foreseen, IngestError, KnownError } from '../errors.ts'
import { type Log, noLog } from '../log.ts'

/** What signs a request: AWS's own names ("Security credentials"). */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of credentials for a time. */
  readonly sessionToken?: string
  /** When they end; without it never. */
  readonly expiration?: Date
}

/** Where credentials come from: an environment, a file, another service. `refused`: those given last are no good. */
export type CredentialProvider = (options?: { readonly refused?: boolean }) => Promise<Credentials>

/** The credentials of now. Told which ones were refused, it gets others, once for all who ask. */
export type CredentialCache = (refused?: Credentials) => Promise<Credentials>

/** Milliseconds before their end at which credentials are got anew: far above a request's life. */
const renewEarlyMs = 300_000

/** The least between two askings while old credentials are still good. */
const askAgainMs = 10_000

/** What a provider may take. */
const timeoutMs = 10_000

/**
 * Keeps what a provider gave until shortly before its end, and asks one at a time. While old
 * credentials are good, a provider that fails is only logged.
 * @throws IngestError `unavailable` when there are none
 */
export const cacheCredentials = (
  provider: CredentialProvider,
  log: Log = noLog,
  now: () => number = Date.now,
): CredentialCache => {
  let current: Credentials | undefined
  let renewAt = Number.NEGATIVE_INFINITY
  let asking: Promise<Credentials> | undefined

  const isGood = (credentials: Credentials | undefined): credentials is Credentials =>
    credentials !== undefined && now() < endOf(credentials)

  const ask = async (refused?: Credentials): Promise<Credentials> => {
    try {
      const given = await inTime(provider({ refused: refused !== undefined }))
      // What a provider had at hand may be over already.
      current = now() < endOf(given) ? given : await inTime(provider({ refused: true }))
      renewAt = Math.max(endOf(current) - renewEarlyMs, now() + askAgainMs)
      return current
    } catch (cause) {
      if (!isGood(current) || current === refused) {
        throw new IngestError('unavailable', 'storage is unavailable: there are no credentials', {
          cause: foreseen(cause),
        })
      }
      log('warn', 'cannot renew credentials', { error: foreseen(cause) })
      renewAt = now() + askAgainMs
      return current
    }
  }

  return async (refused) => {
    const others = refused === undefined || refused !== current
    if (others && current !== undefined && now() < renewAt) return current
    asking ??= ask(refused).finally(() => {
      asking = undefined
    })
    return asking
  }
}

const endOf = ({ expiration }: Credentials): number =>
  expiration?.getTime() ?? Number.POSITIVE_INFINITY

/** A provider that never answers must not hold up everything for ever. */
const inTime = async <T>(work: Promise<T>): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new KnownError('credentials did not come in time')),
    timeoutMs,
  )
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
