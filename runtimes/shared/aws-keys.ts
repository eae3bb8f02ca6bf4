import type { Credentials } from '../../src/storage/s3-credentials.ts'

/** The keys among variables, by AWS's own names; undefined where they are not whole. */
export const awsKeys = (
  env: Readonly<Record<string, string | undefined>>,
): Credentials | undefined => {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (!accessKeyId || !secretAccessKey) return undefined
  const { AWS_SESSION_TOKEN: sessionToken } = env
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
}
