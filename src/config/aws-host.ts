/** Where a catalog of AWS is: what its address and its warehouse say of services and regions. */
import { awsDomains } from '../aws-domains.ts'

/** A service's hosts: plain or FIPS, behind a private link, below one of its region's domains. */
const host = /^(?:vpce-[a-z0-9-]+\.)?(s3tables|glue)(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?(.+)$/

/** A table bucket's name ("Amazon Resource Names": partition, service, region, account). */
const tableBucket = /^arn:[a-z0-9-]+:s3tables:([a-z0-9-]+):\d*:bucket\/[^/]+$/

export interface AwsHost {
  /** As signatures name it. */
  readonly service: 's3tables' | 'glue'
  readonly region: string
}

/** Whose address `uri` is, if it is that of S3 Tables or of Glue. */
export const awsHost = (uri: string): AwsHost | undefined => {
  if (!URL.canParse(uri)) return undefined
  const [, service, region, domain] = host.exec(new URL(uri).hostname) ?? []
  if (region === undefined || (service !== 's3tables' && service !== 'glue')) return undefined
  const { plain, dualStack } = awsDomains(region)
  return domain === plain || domain === dualStack ? { service, region } : undefined
}

/** The region of the table bucket whose ARN a warehouse is; undefined where it is something else. */
export const tableBucketRegion = (warehouse: string): string | undefined =>
  tableBucket.exec(warehouse)?.[1]

/** The region that a catalog's address tells, or the ARN of the table bucket that is its warehouse. */
export const awsRegion = (uri: string, warehouse = ''): string | undefined =>
  awsHost(uri)?.region ?? tableBucketRegion(warehouse)
