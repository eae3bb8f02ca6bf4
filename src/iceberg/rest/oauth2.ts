/** OAuth2 client credentials (RFC 6749, 4.4), as Iceberg catalogs use them. Not here: token exchange, refresh tokens. */
import { IngestError, KnownError } from '../../errors.ts'
import { singleFlight } from '../waiting.ts'
import { errorWords, membersOf, type Properties } from './answers.ts'
import type { Authorizer } from './authorizer.ts'
import type { HttpAnswer, HttpRequest } from './http.ts'

export interface OAuth2Client {
  /** `id:secret`, or a secret alone. */
  readonly credential: string
  /** The token endpoint; without it the one that the catalog names, or its own. */
  readonly tokenUri?: string
  /** What the token is for: words with blanks between (RFC 6749, 3.3). */
  readonly scope?: string
}

/** Where a token comes from and what it is for, as properties of the catalog: it may say otherwise. */
const [tokenUriProperty, scopeProperty] = ['oauth2-server-uri', 'scope'] as const

/** What is set for tokens, by its name among a catalog's properties. */
export const tokenProperties = ({ tokenUri, scope }: OAuth2Client): Properties => ({
  ...(tokenUri !== undefined && { [tokenUriProperty]: tokenUri }),
  ...(scope !== undefined && { [scopeProperty]: scope }),
})

export interface TokenEndpoint {
  /** The catalog's, as they are known now: its own word counts from the second token on. */
  readonly properties: () => Properties
  readonly now: () => number
  /** Sends a request, again while it fails in a way that passes. */
  readonly send: (request: HttpRequest) => Promise<HttpAnswer>
}

interface Token {
  readonly authorization: string
  /** Milliseconds since 1970. */
  readonly renewAt: number
}

/** What Iceberg's own clients ask for. */
const defaultScope = 'catalog'

/** Below a catalog's address; deprecated, and what a catalog has that names no other. */
const defaultPath = 'v1/oauth/tokens'

/** A token is renewed when a tenth of its life is left, a minute at most. */
const marginMs = (lifeMs: number): number => Math.min(60_000, lifeMs / 10)

/** Asks for tokens, one request at a time; anew before they expire and when one is refused. */
export const oauth2Authorizer = (client: OAuth2Client, endpoint: TokenEndpoint): Authorizer => {
  let token: Token | undefined
  const fetchToken = singleFlight(async () => {
    token = await requestToken(client, endpoint)
    return token
  })
  const current = async () =>
    token !== undefined && endpoint.now() < token.renewAt ? token : fetchToken()
  return {
    async authorize(request) {
      const { authorization } = await current()
      return { ...request, headers: { ...request.headers, authorization } }
    },
    async renew({ headers }) {
      if (token?.authorization === headers.authorization) token = undefined
      return true
    },
  }
}

const requestToken = async (client: OAuth2Client, endpoint: TokenEndpoint): Promise<Token> => {
  const askedAt = endpoint.now()
  const answer = await endpoint.send(tokenRequest(client, endpoint.properties()))
  const { access_token: token, expires_in: seconds } = membersOf(answer.json)
  if (answer.status !== 200 || typeof token !== 'string') {
    const { type, message } = errorWords(answer)
    throw new IngestError('unavailable', 'cannot get a token: the token endpoint refuses', {
      cause: new KnownError(`${answer.status} ${type} ${message}`),
    })
  }
  const lifeMs = seconds === undefined ? Number.NaN : Number(seconds) * 1000
  return {
    authorization: `Bearer ${token}`,
    renewAt: lifeMs > 0 ? askedAt + lifeMs - marginMs(lifeMs) : Number.POSITIVE_INFINITY,
  }
}

const tokenRequest = (client: OAuth2Client, properties: Properties): HttpRequest => {
  const colon = client.credential.indexOf(':')
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(colon > 0 && { client_id: client.credential.slice(0, colon) }),
    client_secret: client.credential.slice(colon + 1),
    scope: properties[scopeProperty] ?? defaultScope,
  })
  return {
    method: 'POST',
    url: tokenUrl(properties),
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
  }
}

/** What is no address of its own is one below the catalog's, as Iceberg's clients read it. */
const tokenUrl = ({ uri = '', [tokenUriProperty]: where = defaultPath }: Properties): string =>
  /^https?:\/\//i.test(where) ? where : `${uri.replace(/\/+$/, '')}/${where.replace(/^\/+/, '')}`
