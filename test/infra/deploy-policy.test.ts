// Protects whoever deploys with no more than infra/deploy-policy.json: every call that the scripts make is in it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { here, lines, runScript, serving } from './scripted.ts'
import { stackOf } from './template.ts'

const policy: { Statement: { Action: string | string[]; Resource: string | string[] }[] } =
  JSON.parse(readFileSync(join(import.meta.dirname, '../../infra/deploy-policy.json'), 'utf8'))
const allowed = new Set(policy.Statement.flatMap(({ Action }) => Action))

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
  expect([...new Set(actions)].filter((action) => !allowed.has(action))).toEqual([])
})

test('no wildcard action, and none on everything that could be on a name', () => {
  expect([...allowed].filter((action) => action.includes('*'))).toEqual([])
  const everywhere = policy.Statement.filter(({ Resource }) => Resource === '*')
  const changing = everywhere
    .flatMap(({ Action }) => Action)
    .filter((action) => !/:(Get|Describe|List|Validate)/.test(action))
  // The delivery of access logs belongs to no resource.
  expect(
    changing.filter((action) => !/^logs:\w+(LogDelivery|ResourcePolicy)$/.test(action)),
  ).toEqual([])
})
