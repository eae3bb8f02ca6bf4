import { auth as basicCredentials } from 'hono/utils/basic-auth'
import { timingSafeEqual } from 'hono/utils/buffer'
import { IngestError } from '../errors.ts'

/**
 * Who may send. Tokens are asked for at every request, so that they can change without a restart;
 * several are valid at once, so that they can be rotated. A basic token is `user:password`.
 */
export type Auth =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer' | 'basic'; readonly tokens: () => readonly string[] }

/** The value of `WWW-Authenticate` (RFC 9110, 11.6.1), or undefined when nobody needs to say who they are. */
export const challengeOf = (auth: Auth): string | undefined => challenges[auth.kind]

const challenges = {
  none: undefined,
  bearer: 'Bearer realm="otlp"',
  basic: 'Basic realm="otlp", charset="UTF-8"',
} as const

/** Throws `unauthenticated` unless the request carries one of the tokens. */
export const authorize = async (auth: Auth, request: Request): Promise<void> => {
  if (auth.kind === 'none') return
  const credential = auth.kind === 'bearer' ? bearerToken(request) : userAndPassword(request)
  if (credential === undefined || !(await isOneOf(auth.tokens(), credential))) {
    throw new IngestError('unauthenticated', 'missing or wrong credentials')
  }
}

/** RFC 6750, 2.1: the scheme's name is matched without case. */
const bearerToken = (request: Request): string | undefined =>
  /^ *bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '')?.[1]

const userAndPassword = (request: Request): string | undefined => {
  const found = basicCredentials(request)
  return found && `${found.username}:${found.password}`
}

/** Compares with every token, and hashes of both sides: the time tells nothing of a token or of its place. */
const isOneOf = async (tokens: readonly string[], credential: string): Promise<boolean> => {
  const equal = await Promise.all(tokens.map((token) => timingSafeEqual(token, credential)))
  return equal.includes(true)
}
