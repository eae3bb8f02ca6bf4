/** Who the program is to a catalog: nobody, the bearer of a token, an OAuth2 client, an AWS principal. */
import type { Authorizer } from './authorizer.ts'
import { type OAuth2Client, oauth2Authorizer, type TokenEndpoint } from './oauth2.ts'
import { type SigV4Signing, sigV4Authorizer } from './sigv4.ts'

export type RestAuth =
  | { readonly type: 'none' }
  | { readonly type: 'bearer'; readonly token: string }
  | ({ readonly type: 'oauth2' } & OAuth2Client)
  | ({ readonly type: 'sigv4' } & SigV4Signing)

/** The authorizer for a kind of credentials. `endpoint` is where tokens come from, if nothing else is said. */
export const createAuthorizer = (auth: RestAuth, endpoint: TokenEndpoint): Authorizer => {
  switch (auth.type) {
    case 'none':
      return fixedAuthorizer({})
    case 'bearer':
      return fixedAuthorizer({ authorization: `Bearer ${auth.token}` })
    case 'oauth2':
      return oauth2Authorizer(auth, endpoint)
    case 'sigv4':
      return sigV4Authorizer(auth)
  }
}

const fixedAuthorizer = (added: Readonly<Record<string, string>>): Authorizer => ({
  authorize: async (request) => ({ ...request, headers: { ...request.headers, ...added } }),
  renew: async () => false,
})
