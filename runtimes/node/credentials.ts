import type { CredentialProvider } from '../../src/storage/s3-credentials.ts'
import { awsKeys } from '../shared/aws-keys.ts'

/**
 * AWS credentials from the places where every AWS tool looks for them. Keys in the environment need nothing; for
 * all else (SSO, web identity, profiles, containers, instances) AWS's own chain is loaded when first asked.
 */
export const awsCredentials = (
  env: Readonly<Record<string, string | undefined>>,
): CredentialProvider => {
  // A profile that is named stands above them, as in AWS's own SDK.
  const fromKeys = env.AWS_PROFILE ? undefined : awsKeys(env)
  let chain: Promise<Chain> | undefined
  return async ({ refused = false } = {}) => {
    if (fromKeys !== undefined) return fromKeys
    chain ??= loadChain()
    return (await chain)({ forceRefresh: refused })
  }
}

type Chain = ReturnType<typeof import('@aws-sdk/credential-provider-node')['defaultProvider']>

const loadChain = async (): Promise<Chain> => {
  const { defaultProvider } = await import('./credential-chain.ts')
  return defaultProvider()
}
