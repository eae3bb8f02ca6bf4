// Protects whoever deploys with no more than infra/deploy-policy.json and its options: every call that the scripts make is in
// it, and AWS takes it.
import { expect, test } from 'vitest'
import { deployPolicies, deployStatements, mayDeploy } from './policies.ts'
import { here, lines, runScript, serving } from './scripted.ts'
import { stackOf } from './template.ts'

/** Where an action is not called as the command is. */
const others: Readonly<Record<string, string | null>> = {
  'cloudformation wait': 'cloudformation:DescribeStacks',
  // It reads this machine alone.
  'configure export-credentials': null,
  'lambda invoke': 'lambda:InvokeFunction',
  's3 rm': 's3:DeleteObject',
  's3api list-objects-v2': 's3:ListBucket',
  's3api delete-bucket': 's3:DeleteBucket',
}

const actionOf = (call: string): string | null => {
  const [, service = '', command = ''] = call.split(' ')
  const other = others[`${service} ${command}`]
  if (other !== undefined) return other
  const name = command.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
  return `${service}:${name}`
}

test('every call of the scripts', async () => {
  const outputs = lines(stackOf().outputs)
  const signed = lines(stackOf({ Auth: 'iam' }).outputs)
  const ended = [
    await runScript('deploy.sh', here),
    await runScript('destroy.sh', [...here, '--yes'], { outputs, standIns: serving }),
    await runScript('destroy.sh', [...here, '--yes', '--delete-data'], { outputs }),
    await runScript('test.sh', here, { outputs, world: { stranger: '401' }, standIns: serving }),
    await runScript('test.sh', here, {
      outputs: signed,
      world: { stranger: '403' },
      standIns: serving,
    }),
  ]
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0])
  const actions = ended
    .flatMap(({ calls }) => calls)
    .filter((call) => call.startsWith('aws '))
    .map(actionOf)
    .filter((action) => action !== null)
  expect(new Set(actions).size).toBeGreaterThan(12)
  expect([...new Set(actions)].filter((action) => !mayDeploy(action))).toEqual([])
})

test('no wildcard but for what only looks, and no action on everything that could be on a name', () => {
  const actions = deployStatements.flatMap(({ Action }) => Action)
  const wild = actions.filter((action) => action.includes('*'))
  expect(wild.filter((action) => !/^\w+:(Get|List|Describe)/.test(action))).toEqual([])
  // Objects are data, or the code that is deployed.
  expect(wild.filter((action) => /^s3:(Get\*$|GetO)/.test(action))).toEqual([])
  const everywhere = deployStatements.filter(({ Resource }) => Resource.includes('*'))
  const changing = everywhere
    .flatMap(({ Action }) => Action)
    .filter((action) => !/:(Get|Describe|List|Validate)/.test(action))
  // The delivery of access logs belongs to no resource.
  expect(
    changing.filter((action) => !/^logs:\w+(LogDelivery|ResourcePolicy)$/.test(action)),
  ).toEqual([])
})

// "IAM and AWS STS quotas": characters of a managed policy, white space not counted.
test.each(Object.entries(deployPolicies))(
  '%s can be attached, with the longest name of a stack',
  (_, text) => {
    const filled = text.replaceAll('ACCOUNT', '1'.repeat(12)).replaceAll('STACK', 's'.repeat(38))
    expect(filled.replace(/\s/g, '').length).toBeLessThanOrEqual(6144)
  },
)
