/** Which actions AWS asks a role for when the program calls: by the services' authorization references. */

/** A call as it was on the wire. */
export interface AwsCall {
  readonly method: string
  /** Path and query, byte for byte. */
  readonly url: string
  /** As the signature names it. */
  readonly service: string
  readonly body: string
}

/** An action on a resource. */
export interface Demand {
  readonly action: string
  readonly resource: string
  /** What AWS tells conditions of it, by key. */
  readonly context?: Readonly<Record<string, string>>
}

export interface Account {
  /** Of the table bucket. */
  readonly tableBucketArn: string
  /** The bucket of the receipts, or of plain files; every other one lies behind a table. */
  readonly bucket: string
  /** The key of all of them, where it is one of the account's own. */
  readonly key?: string
}

/** @throws for a call that nobody has mapped yet */
export const demandsOf = (call: AwsCall, account: Account): readonly Demand[] => {
  const demands = services[call.service]?.(call, account)
  if (demands === undefined)
    throw new Error(`no actions are known of ${call.service} ${call.method} ${call.url}`)
  return [...demands, ...keyDemands(demands, account)]
}

/**
 * What is asked of a key of one's own behind these actions: "Using server-side encryption with AWS KMS keys" of S3, "SSE-KMS" of
 * S3 Tables (parts of a large object are read to be put together), "Secret encryption and decryption" of Secrets Manager.
 */
const ofKey: Readonly<Record<string, readonly string[]>> = {
  's3:GetObject': ['kms:Decrypt'],
  's3:PutObject': ['kms:GenerateDataKey', 'kms:Decrypt'],
  's3tables:CreateTable': ['kms:GenerateDataKey', 'kms:Decrypt'],
  's3tables:GetTableData': ['kms:Decrypt'],
  's3tables:PutTableData': ['kms:GenerateDataKey', 'kms:Decrypt'],
  'secretsmanager:GetSecretValue': ['kms:Decrypt'],
}

const keyDemands = (demands: readonly Demand[], { key }: Account): readonly Demand[] =>
  key === undefined
    ? []
    : demands.flatMap(({ action }) =>
        (ofKey[action] ?? []).map((asked) => ({ action: asked, resource: key })),
      )

/** An action on any table of the bucket, whose id is AWS's own. */
const onTable = (name: string, namespace: string, { tableBucketArn }: Account): Demand => ({
  action: `s3tables:${name}`,
  resource: `${tableBucketArn}/table/0f0e0d0c-0b0a-0908-0706-050403020100`,
  context: { 's3tables:namespace': namespace },
})

/** "Accessing tables using the Amazon S3 Tables Iceberg REST endpoint": operations, and the actions of each. */
const catalog: readonly (readonly [RegExp, readonly string[], readonly string[]])[] = [
  [/^GET \/iceberg\/v1\/config\?/, ['GetTableBucket'], []],
  [/^POST \S+\/namespaces$/, ['CreateNamespace'], []],
  [/^POST \S+\/tables$/, ['CreateTable'], ['CreateTable', 'PutTableData']],
  [/^GET \S+\/tables\/[^/?]+(\?\S*)?$/, [], ['GetTableMetadataLocation', 'GetTableData']],
  [
    /^POST \S+\/tables\/[^/?]+$/,
    [],
    ['UpdateTableMetadataLocation', 'PutTableData', 'GetTableData'],
  ],
]

const onTableBucket = (
  { method, url }: AwsCall,
  account: Account,
): readonly Demand[] | undefined => {
  const found = catalog.find(([form]) => form.test(`${method} ${url}`))
  if (found === undefined) return undefined
  const [, ofBucket, ofTable] = found
  const [, namespace] = /\/namespaces\/([^/?]+)\//.exec(url) ?? []
  return [
    ...ofBucket.map((name) => ({
      action: `s3tables:${name}`,
      resource: account.tableBucketArn,
      // Of the namespace that is to be made AWS tells nothing.
      ...(namespace !== undefined && { context: { 's3tables:namespace': namespace } }),
    })),
    ...ofTable.map((name) => onTable(name, namespace ?? '', account)),
  ]
}

/** "Actions, resources, and condition keys for Amazon S3"; buckets stand in the path. */
const onBucket = ({ method, url }: AwsCall, account: Account): readonly Demand[] | undefined => {
  const { pathname, searchParams } = new URL(url, 'http://s3')
  const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(pathname)) ?? []
  const name = key === '' ? listing[method] : objectAction(method, searchParams)
  if (name === undefined) return undefined
  if (bucket !== account.bucket) {
    // A table's bucket: "table bucket object operations".
    const data = {
      GetObject: 'GetTableData',
      PutObject: 'PutTableData',
      AbortMultipartUpload: 'PutTableData',
    }[name]
    // AWS has a bucket for each table; ministack has a folder for each namespace.
    const [namespace = ''] = key.split('/')
    return data === undefined ? undefined : [onTable(data, namespace, account)]
  }
  if (key === '') {
    const prefix = searchParams.get('prefix')
    const context = prefix === null ? {} : { 's3:prefix': prefix }
    return [{ action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}`, context }]
  }
  const object = { action: `s3:${name}`, resource: `arn:aws:s3:::${bucket}/${key}` }
  if (name !== 'GetObject') return [object]
  // That it is not there is told only to who may list.
  return [object, { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` }]
}

const listing: Readonly<Record<string, string>> = { GET: 'ListBucket' }

const objectAction = (method: string, query: URLSearchParams): string | undefined => {
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
  return { GET: 'GetObject', HEAD: 'GetObject', PUT: 'PutObject', POST: 'PutObject' }[method]
}

const onSecret = ({ body }: AwsCall): readonly Demand[] => [
  { action: 'secretsmanager:GetSecretValue', resource: String(JSON.parse(body).SecretId) },
]

const services: Readonly<
  Record<string, (call: AwsCall, account: Account) => readonly Demand[] | undefined>
> = { s3tables: onTableBucket, s3: onBucket, secretsmanager: onSecret }
