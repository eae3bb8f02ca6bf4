import type { Auth } from '../../src/app.ts'
import type { AuthConfig } from '../../src/config.ts'

/** Who may send, as it is configured. */
export const authOf = (auth: AuthConfig): Auth =>
  auth.kind === 'none' ? auth : { kind: auth.kind, tokens: () => auth.tokens }
