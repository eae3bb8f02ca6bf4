/** What S3 Tables asks of the settings; its own answer to each of these is a 400 that names none of them. */
import { awsHost, tableBucketRegion } from './aws-host.ts'
import { type ConfigProblem, problem } from './problem.ts'
import { type Values, variables } from './variables.ts'

/** As it stands in messages. */
const arn =
  'the ARN of the table bucket, such as arn:aws:s3tables:eu-central-1:123456789012:bucket/tables'

/** What Glue calls the table buckets of an account ("Accessing tables using the AWS Glue Iceberg REST endpoint"). */
const atGlue = /^\d{12}:s3tablescatalog\//

/** At the hosts of S3 Tables alone is the warehouse known to be a table bucket's; others may stand before it, or imitate it. */
export const s3TablesProblems = ({
  icebergRestUri: uri,
  icebergWarehouse: warehouse = '',
  icebergNamespace: namespace = '',
}: Partial<Values>): ConfigProblem[] => {
  if (uri === undefined) return []
  const problems: ConfigProblem[] = []
  const host = awsHost(uri)
  const region = tableBucketRegion(warehouse)
  const isTables = host?.service === 's3tables'
  if (isTables && region !== host.region)
    problems.push(problem('icebergWarehouse', wrong(warehouse, region)))
  // "Naming rules for tables and namespaces".
  if ((isTables || region !== undefined || atGlue.test(warehouse)) && namespace.startsWith('aws')) {
    const message = 'must not begin with aws: S3 Tables keeps such names for AWS'
    problems.push(problem('icebergNamespace', message))
  }
  return problems
}

const wrong = (warehouse: string, region: string | undefined): string => {
  if (warehouse === '') return `is missing: S3 Tables wants ${arn}`
  if (region === undefined) return `must be ${arn}`
  return `is of another region than ${variables.icebergRestUri.name}: both must name that of the table bucket`
}
