import type { Auth } from '../../src/app.ts'
import type { AuthConfig } from '../../src/config.ts'
import { KnownError } from '../../src/errors.ts'

/** Who may send, as it is configured. @throws for tokens in a secret, which Lambda alone reads */
export const authOf = (auth: AuthConfig): Auth => {
  if (auth.kind === 'none') return auth
  if ('secret' in auth) throw new KnownError('tokens in a secret are for Lambda')
  return { kind: auth.kind, tokens: () => auth.tokens }
}
