/** Tokens that may change while a function lives: those of a secret. */
import type { Auth } from '../../src/app.ts'
import { readTokens } from '../../src/config/credentials.ts'
import type { AuthConfig } from '../../src/config.ts'
import { IngestError } from '../../src/errors.ts'
import type { Log } from '../../src/log.ts'
import { authOf } from '../shared/auth.ts'

export interface RenewedAuth {
  readonly auth: Auth
  /** Called before a request: reads the secret again when that is due. Nothing can be done while a function is frozen. */
  renew(): Promise<void>
}

export interface TokensOptions {
  /** Reads the secret with an ARN; `patient`: nobody waits for an answer meanwhile. */
  readonly read: (arn: string, patient: boolean) => Promise<string>
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Milliseconds between two looks at the secret, and after one that failed. */
const renewalMs = 5 * 60_000
const retryMs = 30_000

/** Who may send. @throws when the secret cannot be read, or holds no tokens */
export const openAuth = async (
  config: AuthConfig,
  { read, log, now = Date.now }: TokensOptions,
): Promise<RenewedAuth> => {
  if (config.kind === 'none' || 'tokens' in config) {
    return { auth: authOf(config), renew: async () => {} }
  }
  const { kind, secret } = config
  let tokens = tokensOf(kind, await read(secret, true))
  let dueAt = now() + renewalMs
  return {
    auth: { kind, tokens: () => tokens },
    async renew() {
      if (now() < dueAt) return
      try {
        tokens = tokensOf(kind, await read(secret, false))
        dueAt = now() + renewalMs
      } catch (error) {
        // Whoever could send goes on: a secret that is out of reach is no reason to lose data.
        dueAt = now() + retryMs
        log('warn', 'the tokens of before stay valid', { error })
      }
    },
  }
}

const tokensOf = (kind: 'bearer' | 'basic', text: string): readonly string[] => {
  const read = readTokens(kind, text)
  if ('tokens' in read) return read.tokens
  throw new IngestError('unavailable', `the secret with the tokens is wrong: it ${read.problem}`)
}
