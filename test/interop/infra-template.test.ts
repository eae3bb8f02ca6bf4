// Protects template.yaml and what is granted, by the tools of those who know AWS: SAM's own validation, cfn-lint,
// parliament for policies; that what deploy.sh sets is what SAM reads; and that a clone builds into the two functions.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { deployPolicies, grantsOf, mayDeploy } from '../infra/policies.ts'
import { here as ofStack, runScript } from '../infra/scripted.ts'
import { stackOf, template, untaggable } from '../infra/template.ts'
import { here, peers, run } from './programs.ts'

const tool = (name: string): string => `${peers}/sam/bin/${name}`
const env = {
  SAM_CLI_TELEMETRY: '0',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_DEFAULT_REGION: 'us-east-1',
}

test('sam validate --lint', async () => {
  const said = await run(tool('sam'), ['validate', '--lint', '--template', here('template.yaml')], {
    env,
  })
  expect(said).toContain('is a valid SAM Template')
})

test('cfn-lint has nothing to say, in two regions', async () => {
  const regions = ['us-east-1', 'eu-central-1']
  const args = ['--regions', ...regions, '--', here('template.yaml')]
  expect(await run(tool('cfn-lint'), args)).toBe('')
})

test('what the template leaves without tags cannot have any', async () => {
  const Resources = Object.fromEntries(
    untaggable.map((Type, n) => [`R${n}`, { Type, Properties: { Tags: [] } }]),
  )
  const input = JSON.stringify({ AWSTemplateFormatVersion: '2010-09-09', Resources })
  const said = await run('sh', ['-c', '"$0" --format parseable || true', tool('cfn-lint')], {
    input,
  })
  expect(said.match(/'Tags' was unexpected/g)).toHaveLength(untaggable.length)
})

describe('what deploy.sh sets is what SAM reads', () => {
  const reading = `import json, sys
from samcli.cli.types import CfnParameterOverridesType
print(json.dumps(CfnParameterOverridesType().convert(tuple(json.load(sys.stdin)), None, None)))`

  /** The parameters of a deployment with `--set` for each of these, by SAM's own reading of its command line. */
  const setTo = async (values: Readonly<Record<string, string>>): Promise<unknown> => {
    const pairs = Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`])
    const { code, stderr, given } = await runScript('deploy.sh', [...ofStack, ...pairs])
    expect([code, stderr]).toEqual([0, ''])
    const input = JSON.stringify(given.slice(given.indexOf('--parameter-overrides') + 1))
    return JSON.parse(await run(tool('python'), ['-c', reading], { input, env }))
  }

  test('every parameter of the template, empty ones too', async () => {
    const all = Object.fromEntries(
      Object.entries(template.Parameters).map(([name, { Default }]) => [name, String(Default)]),
    )
    expect(Object.values(all)).toEqual(expect.arrayContaining(['', 'rate(1 minute)']))
    expect(await setTo(all)).toEqual(all)
  })

  test.each([
    { SweepSchedule: 'rate(5 minutes)', Team: 'my team' },
    { SweepSchedule: 'cron(0/5 * * * ? *)', SubnetIds: 'subnet-1,subnet-2', AlarmTopicArn: '' },
    { Team: "it's", Project: 'a=b Team=c', Environment: ' x ' },
  ])('%j', async (values) => {
    expect(await setTo(values)).toEqual(values)
  })
})

/** What parliament finds in a policy, by kind and place; it ends with another code when it finds something. */
const findings = async (policy: unknown): Promise<string[]> => {
  const input = JSON.stringify(policy)
  const said = await run('sh', ['-c', '"$0" --json || true', tool('parliament')], { input })
  return said
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .map(
      ({ issue, detail, location }) => `${issue}: ${detail || location.string || location.actions}`,
    )
}

/** What CloudFormation calls for the properties that a resource may have: those that none of ours has. */
const notOurs: Readonly<Record<string, RegExp>> = {
  'file systems': /^(elasticfilesystem|s3files):/,
  'traffic that shifts from version to version': /^codedeploy:/,
  'layers, code signing, pinned runtimes, loops, capacity of one’s own':
    /^lambda:(GetLayerVersion|GetCodeSigningConfig|PutFunctionCodeSigningConfig|DeleteFunctionCodeSigningConfig|PutRuntimeManagementConfig|PutFunctionRecursionConfig|PutFunctionScalingConfig|PassCapacityProvider|AssociateRuntimeAlias)$/,
  'policies of users and groups, boundaries':
    /^iam:((Attach|Detach)(Group|User)Policy|(Put|Delete)RolePermissionsBoundary)$/,
  'masked, indexed and forwarded logs':
    /^(firehose|s3:REST)|^logs:((Put|Delete)(DataProtection|Index|Resource)Policy|PutBearerTokenAuthentication|PutLogGroupDeletionProtection)$/,
  'buckets that are web sites, copied, listed, locked, or looked at in tables':
    /^s3:(Put|Delete|Create|Update)(Bucket|Object)?(Abac|Acl|Accelerate|Analytics|CORS|Cors|Inventory|Metrics|Notification|Replication|Website|Logging|ObjectLock|LockConfiguration|IntelligentTiering|Metadata|Encryption|Lifecycle)/,
  'tables of a bucket’s own metadata':
    /^s3tables:(CreateNamespace|CreateTable|PutTableBucketPolicy|PutTableEncryption|PutTablePolicy|GetTableMetadataLocation|UpdateTableMetadataLocation)$/,
  'table buckets that are copied, measured, or of another class':
    /^s3tables:(Put|Delete)TableBucket(Metrics|StorageClass|Replication)/,
  'secrets in several regions': /^secretsmanager:\w+Replicat\w+|ReplicateSecretToRegions$/,
  // infra/aws.md names these for who gives a key.
  'a key': /^kms:/,
}

test('whoever deploys may do all that CloudFormation does for these resources, as its own schemas name it', async () => {
  const reading = `import glob, json, os, sys, cfnlint
schemas = os.path.join(os.path.dirname(cfnlint.__file__), 'data', 'schemas')
names = json.load(open(schemas + '/providers/us-east-1.json'))
def handlers(kind):
    [path] = glob.glob(schemas + '/resources/*' + names[kind] + '*')
    found = json.load(open(path)).get('handlers', {})
    return sorted({one for name in found if name != 'list' for one in found[name].get('permissions', [])})
print(json.dumps({kind: handlers(kind) for kind in json.load(sys.stdin)}))`
  const types = [...new Set(Object.values(template.Resources).map(({ Type }) => Type))].map(
    (type) => type.replace('AWS::Serverless', 'AWS::Lambda'),
  )
  const input = JSON.stringify(types)
  const asked: Record<string, string[]> = JSON.parse(
    await run(tool('python'), ['-c', reading], { input, env }),
  )
  const excused = (action: string) => Object.values(notOurs).some((form) => form.test(action))
  const missing = Object.entries(asked).map(([type, actions]) => [
    type,
    actions.filter((action) => !mayDeploy(action) && !excused(action)),
  ])
  expect(missing.length).toBeGreaterThan(15)
  expect(Object.values(asked).flat().length).toBeGreaterThan(200)
  expect(missing.filter(([, actions]) => String(actions) !== '')).toEqual([])
})

const Version = '2012-10-17'

describe('parliament', () => {
  test.each([
    ['tables', {}],
    ['plain files', { Mode: 'plain' }],
    ['tables, with a key', { KmsKeyArn: 'arn:aws:kms:us-east-1:123456789012:key/1' }],
  ])('has nothing to say of the roles: %s', async (_, parameters) => {
    const stack = stackOf(parameters)
    for (const role of ['IntakeRole', 'SweepRole'].filter((name) => name in stack.resources)) {
      expect(await findings({ Version, Statement: grantsOf(stack, role) })).toEqual([])
    }
  })

  test('has nothing to say of the roles in a VPC, but where Lambda wants it so, or it is behind', async () => {
    const stack = stackOf({ SubnetIds: 'subnet-1', SecurityGroupIds: 'sg-1' })
    for (const role of ['IntakeRole', 'SweepRole']) {
      const found = await findings({ Version, Statement: grantsOf(stack, role) })
      // "Giving Lambda functions access to resources in an Amazon VPC": interfaces have no names before they are there.
      const [everywhere, ...others] = found
      expect(everywhere).toMatch(
        /^RESOURCE_STAR: (ec2:\w+NetworkInterface,?|ec2:\w+PrivateIpAddresses,?)+$/,
      )
      // "Using source function ARN to control function access behavior".
      const unknown =
        /^UNKNOWN_CONDITION_FOR_ACTION: Unknown condition lambda:SourceFunctionArn for action ec2:\w+$/
      expect(others.length).toBeGreaterThan(0)
      for (const other of others) expect(other).toMatch(unknown)
    }
  })

  test.each(Object.values(deployPolicies))(
    'has nothing to say of what whoever deploys needs, but where it is behind',
    async (text) => {
      const policy = JSON.parse(
        text.replaceAll('ACCOUNT', '123456789012').replaceAll('STACK', 'stack'),
      )
      // Of what only looks, some look at an account: parliament asks a wildcard to fit them all.
      const named = policy.Statement.map((one: { Action: string | string[] }) => ({
        ...one,
        Action: [one.Action].flat().filter((action) => !action.includes('*')),
      }))
      const found = await findings({ ...policy, Statement: named })
      // SAM's transform is AWS's own, and its ARN says `aws` where others have an account.
      const ofTransform = 'INVALID_ARN: Account expected to be of form like 123456789012'
      // Younger than its list of actions.
      const young =
        /^UNKNOWN_ACTION: Unknown action (s3tables:((Put|Delete)TableBucketEncryption|\w+Resource)|apigateway:\w+Resource)$/
      expect(found.filter((one) => one !== ofTransform && !young.test(one))).toEqual([])
    },
  )

  test('knows of each action on tables whether it tells a namespace: the roles ask for one where it does', async () => {
    const reading = `import json, os, parliament
path = os.path.join(os.path.dirname(parliament.__file__), 'iam_definition.json')
[tables] = [one for one in json.load(open(path)) if one['prefix'] == 's3tables']
print(json.dumps({one['privilege']: sum((kind['condition_keys'] for kind in one['resource_types']), [])
                  for one in tables['privileges']}))`
    const keys: Record<string, string[]> = JSON.parse(
      await run(tool('python'), ['-c', reading], { env }),
    )
    const grants = ['IntakeRole', 'SweepRole'].flatMap((role) => grantsOf(stackOf(), role))
    const asked = grants.flatMap(({ Action, Condition }) =>
      Action.filter((action) => action.startsWith('s3tables:')).map((action) => [
        action,
        Condition !== undefined,
      ]),
    )
    expect(asked.length).toBeGreaterThan(10)
    expect(asked).toEqual(
      asked.map(([action]) => [
        action,
        keys[String(action).replace('s3tables:', '')]?.includes('s3tables:namespace'),
      ]),
    )
  })

  test('finds what is wrong', async () => {
    const wrong = {
      Sid: 'a',
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::bucket',
    }
    expect(await findings({ Version, Statement: [wrong] })).toHaveLength(1)
  })
})

describe('sam build', () => {
  const folder = mkdtempSync(join(tmpdir(), 'interop-sam-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('makes both functions out of a clone, the same code', async () => {
    const clone = join(folder, 'clone')
    await run('git', ['clone', '--quiet', '--no-hardlinks', here(''), clone])
    // As it stands here, committed or not.
    for (const name of [
      'template.yaml',
      'infra',
      'runtimes',
      'src',
      'test/tools',
      'package.json',
      'package-lock.json',
      '.npmrc',
    ]) {
      cpSync(here(name), join(clone, name), { recursive: true })
    }
    rmSync(join(clone, 'infra/dist'), { recursive: true, force: true })
    // A clone has no packages; the lockfile's are brought by the build. That they are at hand spares the registry a call each.
    const atHand = { ...env, npm_config_prefer_offline: 'true' }
    await run(tool('sam'), ['build'], { cwd: clone, env: atHand })
    expect(existsSync(join(clone, 'node_modules/.package-lock.json'))).toBe(true)

    const built = join(clone, '.aws-sam/build')
    const [intake, sweep] = ['IntakeFunction', 'SweepFunction'].map((name) => join(built, name))
    if (intake === undefined || sweep === undefined) throw new Error('there are two')
    expect(readdirSync(intake).sort()).toEqual([
      'LICENSE',
      'THIRD-PARTY-LICENSES.txt',
      'aws-credentials.mjs',
      'lambda.mjs',
      'otlp2parquet.mjs',
      'parquet_wasm_bg.wasm',
    ])
    expect(readdirSync(sweep)).toEqual(readdirSync(intake))
    for (const name of readdirSync(intake)) {
      expect(readFileSync(join(sweep, name))).toEqual(readFileSync(join(intake, name)))
    }
    expect(existsSync(join(clone, '.aws-sam/build/IntakeFunction.made'))).toBe(false)
    // CloudFormation knows no aliases of YAML.
    const template = readFileSync(join(built, 'template.yaml'), 'utf8')
    expect(template).not.toMatch(/^\s*(- |\w+: )?[&*]\w+/m)
    expect(Object.keys(parse(template).Resources)).toContain('IntakeFunction')
  })
})
