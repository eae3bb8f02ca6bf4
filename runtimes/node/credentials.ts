import type { CredentialProvider } from '../../src/storage/s3-credentials.ts'

/**
 * AWS credentials from the places where every AWS tool looks for them. Keys in the environment need nothing; for
 * all else (SSO, web identity, profiles, containers, instances) AWS's own chain is loaded when first asked.
 */
export const awsCredentials = (
  env: Readonly<Record<string, string | undefined>>,
): CredentialProvider => {
  const fromKeys = keysOf(env)
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

/** The environment's keys; a profile that is named stands above them, as in AWS's own SDK. */
const keysOf = (env: Readonly<Record<string, string | undefined>>) => {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (env.AWS_PROFILE || !accessKeyId || !secretAccessKey) return undefined
  const { AWS_SESSION_TOKEN: sessionToken } = env
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
}
