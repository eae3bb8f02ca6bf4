// Protects template.yaml: what it sets the program takes, its roles grant no more than is named, data outlives the stack,
// and each parameter does what it says.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { granted, grantsOf } from './policies.ts'
import {
  environmentOf,
  type Members,
  type Stack,
  stackOf,
  template,
  untaggable,
} from './template.ts'

const modes = {
  'tables, as it is': {},
  'tables, signed requests': {
    Auth: 'iam',
    Endpoint: 'http-api',
    CorsOrigins: 'https://a.example',
  },
  'tables in buckets that are there': {
    TableBucketArn: 'arn:aws:s3tables:us-east-1:123456789012:bucket/mine',
    StateBucketName: 'my-state',
    TokensSecretArn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:mine',
  },
  'plain files': { Mode: 'plain' },
  'plain files in a bucket that is there': {
    Mode: 'plain',
    DataBucketName: 'my-lake',
    Auth: 'iam',
  },
  'a key and a VPC': {
    KmsKeyArn: 'arn:aws:kms:us-east-1:123456789012:key/1',
    SubnetIds: 'subnet-1,subnet-2',
    SecurityGroupIds: 'sg-1',
  },
} as const

const typesIn = ({ resources }: Stack): string[] => Object.values(resources).map(({ Type }) => Type)
const ofType = ({ resources }: Stack, type: string) =>
  Object.values(resources).filter(({ Type }) => Type === type)

describe.each(Object.entries(modes))('%s', (_name, parameters) => {
  const stack = stackOf(parameters)
  const functions = ofType(stack, 'AWS::Serverless::Function')

  test('the program takes its settings', () => {
    expect(functions.length).toBe('Mode' in parameters ? 1 : 2)
    for (const name of ['IntakeFunction', 'SweepFunction'].filter(
      (one) => one in stack.resources,
    )) {
      const env = { AWS_REGION: 'us-east-1', ...environmentOf(stack, name) }
      const { auth, icebergRestUri, s3Bucket } = readConfig(env, 'lambda')
      const isOpen = name === 'SweepFunction' || ('Auth' in parameters && parameters.Auth === 'iam')
      expect(auth.kind).toBe(isOpen ? 'none' : 'bearer')
      expect([icebergRestUri !== undefined, s3Bucket !== undefined]).toEqual(
        'Mode' in parameters ? [false, true] : [true, false],
      )
    }
  })

  test('no role grants a wildcard, or to delete what is no receipt', () => {
    const grants = ['IntakeRole', 'SweepRole'].flatMap((role) => grantsOf(stack, role))
    const allowed = grants.filter(({ Effect }) => Effect === 'Allow')
    const actions = allowed.flatMap(({ Action }) => Action)
    expect(actions.length).toBeGreaterThan(5)
    expect(actions.filter((action) => action.includes('*'))).toEqual([])
    const deleting = allowed.filter(({ Action }) => Action.some((one) => /:Delete/.test(one)))
    expect(deleting.map(({ Sid }) => Sid).filter((sid) => sid !== 'Network')).toEqual(
      'Mode' in parameters ? [] : ['PaidReceipts'],
    )
    for (const { Sid, Resource } of allowed.filter(({ Sid }) => Sid !== 'Network')) {
      expect([
        Sid,
        Resource.filter((one) => /^\*|:\*$/.test(one) && !one.includes(':log-group:')),
      ]).toEqual([Sid, []])
    }
  })

  test('everything that can be is tagged', () => {
    const tags = Object.entries(stack.resources)
      .filter(([, { Type }]) => !untaggable.includes(Type))
      .map(
        ([
          name,
          {
            Properties: { Tags: all = [] },
          },
        ]) => [
          name,
          Array.isArray(all) ? all.map((tag) => (tag as Members).Key) : Object.keys(all as Members),
        ],
      )
    expect(tags.length).toBeGreaterThan(7)
    expect(tags.filter(([, keys]) => String(keys) !== 'Environment,Team,Project')).toEqual([])
  })

  test('everything that holds data outlives the stack', () => {
    const holding = ['AWS::S3Tables::TableBucket', 'AWS::S3::Bucket', 'AWS::SecretsManager::Secret']
    for (const { Type, DeletionPolicy, UpdateReplacePolicy } of Object.values(stack.resources)) {
      if (!holding.includes(Type)) continue
      expect([Type, DeletionPolicy, UpdateReplacePolicy]).toEqual([Type, 'Retain', 'Retain'])
    }
  })
})

// "IAM and AWS STS quotas": characters without white space, of a managed policy and of all that are a role's own.
test('AWS takes the policies of roles, with the longest names', () => {
  const { resources } = stackOf({
    ...modes['a key and a VPC'],
    Namespace: 'n'.repeat(255),
    StoragePrefix: 'p'.repeat(256),
    StateBucketName: 's'.repeat(63),
    TableBucketArn: `arn:aws-us-gov:s3tables:us-gov-east-1:123456789012:bucket/${'t'.repeat(63)}`,
  })
  const length = (policies: unknown): number => JSON.stringify(policies).replace(/\s/g, '').length
  const policies = Object.values(resources).flatMap(({ Type, Properties }): [number, number][] => {
    if (Type === 'AWS::IAM::ManagedPolicy') return [[length(Properties.PolicyDocument), 6144]]
    return Type === 'AWS::IAM::Role' ? [[length(Properties.Policies), 10_240]] : []
  })
  expect(policies).toHaveLength(4)
  expect(policies.filter(([characters, most]) => characters > most)).toEqual([])
})

test('buckets are private and encrypted, and nothing in them expires but unfinished uploads', () => {
  for (const stack of [stackOf(), stackOf({ Mode: 'plain' })]) {
    const [bucket, ...others] = ofType(stack, 'AWS::S3::Bucket')
    expect(others).toEqual([])
    const { PublicAccessBlockConfiguration, BucketEncryption, LifecycleConfiguration } =
      bucket?.Properties ?? {}
    expect(Object.values(PublicAccessBlockConfiguration ?? {})).toEqual([true, true, true, true])
    expect(JSON.stringify(BucketEncryption)).toContain('AES256')
    expect(LifecycleConfiguration).toEqual({
      Rules: [
        {
          Id: 'unfinished-uploads',
          Status: 'Enabled',
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        },
      ],
    })
  }
})

/** Settings too long for a version's description, which has 256 characters, or of which others decide whether they count. */
const longOnes = [
  'TableBucketArn',
  'DataBucketName',
  'StateBucketName',
  'StoragePrefix',
  'Namespace',
  'TokensSecretArn',
  'CorsOrigins',
  'Endpoint',
  'KmsKeyArn',
  'SubnetIds',
  'SecurityGroupIds',
]

describe('a parameter', () => {
  const actionsOf = (stack: Stack, role = 'IntakeRole'): string[] =>
    grantsOf(stack, role).flatMap(({ Action }) => Action)
  const creating = (stack: Stack): string[] =>
    actionsOf(stack).filter((action) => action.startsWith('s3tables:Create'))

  test('CreateTables takes the right to make tables away', () => {
    expect(creating(stackOf()).length).toBeGreaterThan(0)
    expect(creating(stackOf({ CreateTables: 'false' }))).toEqual([])
    expect(actionsOf(stackOf(), 'SweepRole')).not.toContain('s3tables:CreateTable')
  })
  test.each([
    ['', '_receipts/'],
    ['telemetry/prod', 'telemetry/prod/_receipts/'],
  ])(
    'StoragePrefix "%s" is the folder of what the roles may touch of receipts',
    (prefix, folder) => {
      const stack = stackOf({ StoragePrefix: prefix })
      for (const name of ['IntakeFunction', 'SweepFunction']) {
        const env = { AWS_REGION: 'us-east-1', ...environmentOf(stack, name) }
        expect(readConfig(env, 'lambda').storagePrefix ?? '').toBe(prefix)
      }
      const grants = grantsOf(stack, 'SweepRole')
      const of = (sid: string) => grants.find(({ Sid }) => Sid === sid)
      const below = (...names: string[]) =>
        names.map((name) => `arn:aws:s3:::statebucket/${folder}${name}`)
      expect(of('Receipts')?.Resource).toEqual(below('*'))
      // Not what lies in quarantine.
      expect(of('PaidReceipts')?.Resource).toEqual(below('owed/*', 'sweep.json', 'notes.json'))
      expect(of('ReceiptList')?.Condition).toEqual({
        StringLikeIfExists: { 's3:prefix': `${folder}*` },
      })
      expect(stack.outputs.ReceiptsPrefix).toBe(folder)
    },
  )
  test.each([
    ['made by the stack', {}],
    ['there already', { TableBucketArn: 'arn:aws:s3tables:us-east-1:123456789012:bucket/mine' }],
  ])(
    'Namespace is the only one whose tables are reached in a table bucket that is %s',
    (_, given) => {
      const stack = stackOf({ ...given, Namespace: 'mine' })
      const bucket = String(stack.outputs.TableBucketArn)
      const resources = [bucket, `${bucket}/table/0f0e0d0c-0b0a-0908-0706-050403020100`]
      const reaching = (role: string, context: Record<string, string>): string[] => {
        const grants = grantsOf(stack, role)
        const actions = actionsOf(stack, role).filter((action) => action.startsWith('s3tables:'))
        return [...new Set(actions)].filter((action) =>
          resources.some((resource) => granted(grants, { action, resource, context })),
        )
      }
      for (const [role, always] of [
        ['IntakeRole', ['s3tables:CreateNamespace', 's3tables:GetTableBucket']],
        ['SweepRole', ['s3tables:GetTableBucket']],
      ] as const) {
        expect(reaching(role, { 's3tables:namespace': 'mine' }).length).toBeGreaterThan(6)
        expect(reaching(role, { 's3tables:namespace': 'mine_too' }).sort()).toEqual(always)
        // Of which AWS tells no namespace.
        expect(reaching(role, {})).toEqual(reaching(role, { 's3tables:namespace': 'mine' }))
      }
    },
  )
  test('KmsKeyArn is the key of all that is at rest', () => {
    const key = modes['a key and a VPC'].KmsKeyArn
    const stack = stackOf({ KmsKeyArn: key })
    for (const type of ['AWS::S3Tables::TableBucket', 'AWS::S3::Bucket', 'AWS::Logs::LogGroup']) {
      expect(JSON.stringify(ofType(stack, type))).toContain(key)
    }
    expect(JSON.stringify(ofType(stack, 'AWS::SecretsManager::Secret'))).toContain(key)
    expect(actionsOf(stack)).toEqual(expect.arrayContaining(['kms:Decrypt', 'kms:GenerateDataKey']))
    expect(JSON.stringify(stackOf().resources)).not.toContain('kms')
  })
  test('EmbeddedMetrics is told to both functions', () => {
    for (const [value, on] of [
      ['true', true],
      ['false', false],
    ] as const) {
      const stack = stackOf({ EmbeddedMetrics: value })
      for (const name of ['IntakeFunction', 'SweepFunction']) {
        const env = { AWS_REGION: 'us-east-1', ...environmentOf(stack, name) }
        expect(readConfig(env, 'lambda').embeddedMetrics).toBe(on)
      }
    }
  })
  test('Endpoint chooses one way in', () => {
    const kinds = (parameters: Record<string, string>) =>
      typesIn(stackOf(parameters)).filter((type) => /Lambda::Url|ApiGatewayV2::Api$/.test(type))
    expect(kinds({})).toEqual(['AWS::Lambda::Url'])
    expect(kinds({ Endpoint: 'http-api' })).toEqual(['AWS::ApiGatewayV2::Api'])
  })
  test.each([
    ['function-url', 'token', 'NONE'],
    ['function-url', 'iam', 'AWS_IAM'],
    ['http-api', 'token', 'NONE'],
    ['http-api', 'iam', 'AWS_IAM'],
  ])(
    '%s with Auth=%s: AWS asks for %s, and the public has a way in only then',
    (Endpoint, Auth, type) => {
      const stack = stackOf({ Endpoint, Auth })
      const { resources } = stack
      const asks =
        resources.Url?.Properties.AuthType ?? resources.ApiRoute?.Properties.AuthorizationType
      expect(asks).toBe(type)
      const open = ofType(stack, 'AWS::Lambda::Permission').filter(
        ({ Properties: { Principal } }) => Principal === '*',
      )
      expect(open.length).toBe(Endpoint === 'function-url' && Auth === 'token' ? 2 : 0)
    },
  )
  test.each([
    ['function-url', 'token', 'the program'],
    ['function-url', 'iam', 'the URL'],
    ['http-api', 'token', 'the API'],
    ['http-api', 'iam', 'the API'],
  ])(
    'CorsOrigins, %s with Auth=%s: browsers are answered by %s, and by nobody without',
    (Endpoint, Auth, who) => {
      const origin = 'https://a.example'
      const answering = (parameters: Record<string, string>) => {
        const stack = stackOf({ Endpoint, Auth, ...parameters })
        const { Url, Api } = stack.resources
        const asked = {
          'the program': environmentOf(stack, 'IntakeFunction').OTLP2PARQUET_CORS_ORIGINS,
          'the URL': Url?.Properties.Cors,
          'the API': Api?.Properties.CorsConfiguration,
        }
        return Object.entries(asked).filter(([, cors]) => cors !== undefined)
      }
      const cors = Object.fromEntries(answering({ CorsOrigins: origin }))
      // An API takes the program's headers away and sets its own.
      expect(Object.keys(cors).filter((one) => who !== 'the API' || one !== 'the program')).toEqual(
        [who],
      )
      expect(JSON.stringify(cors[who])).toContain(origin)
      // What a signature brings along.
      if (Auth === 'iam') expect(JSON.stringify(cors[who])).toContain('"x-amz-date"')
      expect(answering({})).toEqual([])
    },
  )
  test.each([
    ['ReservedConcurrency', 'IntakeFunction', 'ReservedConcurrentExecutions', '5'],
    ['SweepReservedConcurrency', 'SweepFunction', 'ReservedConcurrentExecutions', '1'],
  ])('%s', (name, resource, property, value) => {
    expect(stackOf().resources[resource]?.Properties[property]).toBeUndefined()
    expect(stackOf({ [name]: value }).resources[resource]?.Properties[property]).toBe(value)
  })
  test('ProvisionedConcurrency keeps some warm, of a version', () => {
    const of = (stack: Stack) => stack.resources.IntakeFunctionAliaslive?.Properties
    expect(of(stackOf())).toEqual({
      Name: 'live',
      FunctionName: 'intakefunction',
      // What is newest, at once.
      FunctionVersion: '$LATEST',
    })
    expect(of(stackOf({ ProvisionedConcurrency: '2' }))).toMatchObject({
      FunctionVersion: expect.stringContaining('IntakeVersion.Version'),
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: '2' },
    })
  })
  // SAM's own versions stand for the template's text, which is the same for all parameters. AWS makes no version of what has not
  // changed, and CloudFormation calls that a failure.
  describe.each([{}, { Mode: 'plain' }, { CorsOrigins: 'https://a.example' }])('of %o', (given) => {
    test.each(Object.entries(template.Parameters).filter(([name]) => name !== 'Release'))(
      '%s has its effect on what is kept warm, too',
      (name, { AllowedValues = ['1234', 'other'], Default }) => {
        const [value] = AllowedValues.filter(
          (one) => one !== (given as Record<string, string>)[name] && one !== Default,
        )
        const of = (changed: Record<string, string>) => {
          const all = { ...given, ...changed, ProvisionedConcurrency: '2' }
          const { IntakeFunction, IntakeVersion } = stackOf(all).resources
          const { Tags, ReservedConcurrentExecutions, ...settings } =
            IntakeFunction?.Properties ?? {}
          expect(settings).not.toHaveProperty('AutoPublishAlias')
          return [settings, IntakeVersion?.Properties].map((one) => JSON.stringify(one))
        }
        const [settings, version] = of({})
        const [newSettings, newVersion] = of({ [name]: String(value ?? Default) })
        const isToldByRelease = longOnes.includes(name)
        expect(newVersion !== version).toBe(newSettings !== settings && !isToldByRelease)
      },
    )
  })
  test('Release makes a version of something new, and is nobody’s business without one', () => {
    const of = (given: Record<string, string>) => {
      const { IntakeFunction, IntakeVersion } = stackOf(given).resources
      return JSON.stringify([IntakeFunction?.Properties, IntakeVersion?.Properties])
    }
    expect(of({ Release: 'next' })).toBe(of({}))
    const warm = { ProvisionedConcurrency: '2', Release: 'next' }
    expect(JSON.parse(of(warm))).toMatchObject([
      { Description: expect.stringContaining('next') },
      { Description: expect.stringContaining('next') },
    ])
    const longest = { ...warm, Release: 'r'.repeat(64), MemoryMb: '10240', TimeoutSeconds: '900' }
    expect(JSON.parse(of(longest))[1].Description.length).toBeLessThan(256)
  })
  test('AlarmTopicArn is told of every alarm', () => {
    const topic = 'arn:aws:sns:us-east-1:123456789012:oncall'
    const alarms = ofType(stackOf({ AlarmTopicArn: topic }), 'AWS::CloudWatch::Alarm')
    expect(alarms).toHaveLength(12)
    for (const { Properties } of alarms)
      expect(Properties).toMatchObject({ AlarmActions: [topic], OKActions: [topic] })
    for (const { Properties } of ofType(stackOf(), 'AWS::CloudWatch::Alarm')) {
      expect(Properties).not.toHaveProperty('AlarmActions')
    }
  })
  test('each is used, and stands in the list of aws.md', () => {
    const { Parameters, ...rest } = template
    const text = JSON.stringify(rest)
    const unused = Object.keys(Parameters).filter(
      (name) => !text.includes(`{"Ref":"${name}"}`) && !text.includes(`\${${name}}`),
    )
    expect(unused).toEqual([])
    const page = readFileSync(join(import.meta.dirname, '../../infra/aws.md'), 'utf8')
    const rows = Object.entries(Parameters).map(([name, { Default, Description }]) => {
      const text = Default === '' ? '–' : `\`${Default}\``
      return `| \`${name}\` | ${text} | ${Description.trim()} |`
    })
    expect(rows.filter((row) => !page.includes(row))).toEqual([])
  })
})

test('a dashboard is JSON, and a sweep is in it where there is one', () => {
  for (const parameters of [{}, { Mode: 'plain' }]) {
    const stack = stackOf(parameters)
    const body = JSON.parse(String(stack.resources.Dashboard?.Properties.DashboardBody))
    expect(body.widgets.length).toBeGreaterThanOrEqual(6)
  }
})
