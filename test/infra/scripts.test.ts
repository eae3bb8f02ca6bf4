// Protects the scripts for AWS: exactly these calls, in this order, and none that deletes data unasked; and every tool,
// credential or option that is missing is a line that says so.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { temporaryFolder } from '../runtimes/program.ts'
import { bucket, call, here, inBucket, lines, ourTables, runScript, scripts } from './scripted.ts'
import { parametersOf, stackOf } from './template.ts'

const keep = (table: string, hours = 24): string =>
  `aws s3tables put-table-maintenance-configuration ${inBucket} --namespace otel --name ${table} --type icebergSnapshotManagement --value {"status":"enabled","settings":{"icebergSnapshotManagement":{"minSnapshotsToKeep":100,"maxSnapshotAgeHours":${hours}}}}`
const build = 'sam build --template-file template.yaml --region us-east-1'
const listOurs = `aws s3tables list-tables ${inBucket} --query tables[?namespace[0]=='otel'].name --output text`
const listTables = `aws s3tables list-tables ${inBucket} --namespace otel --query tables[].name --output text`

const intake = '--region us-east-1 --function-name intakefunction'
const reserve = (n: number): string =>
  `aws lambda put-function-concurrency ${intake} --reserved-concurrent-executions ${n}`
const atOnce = `aws lambda get-function-concurrency ${intake} --query ReservedConcurrentExecutions --output text`
const stop = [atOnce, reserve(0)]
const sweepReserved =
  'aws lambda get-function-concurrency --region us-east-1 --function-name sweepfunction --query ReservedConcurrentExecutions --output text'
const startAgain = [atOnce, `aws lambda delete-function-concurrency ${intake}`]
const sweep = [call.invoke('sweepfunction', 'sweep'), call.owed]
const settle = [...stop, ...sweep]
/** Where it cannot: once, and a dozen times that pay no more. */
const settleInVain = [...stop, ...Array(13).fill(sweep).flat()]
const standIns = ['sleep']

/** What is owed, one less each time, until nothing is. */
const countdown = (from: number): string => `${[...Array(from + 1).keys()].reverse().join('\n')}\n`

describe('deploy.sh', () => {
  test('a new stack: builds, deploys, makes the tables, and sets how long snapshots are kept', async () => {
    const { code, stdout, calls } = await runScript('deploy.sh', here)
    expect(calls).toEqual([
      call.identity,
      call.stack,
      `aws s3tables get-table-bucket ${inBucket}`,
      build,
      call.samDeploy(),
      call.stack,
      listOurs,
      call.invoke('intakefunction:live', 'init'),
      listOurs,
      ...ourTables.map((table) => keep(table)),
      sweepReserved,
    ])
    expect(code).toBe(0)
    expect(stdout).toContain('endpoint  https://id.lambda-url.us-east-1.on.aws\n')
    expect(stdout).toContain('next      infra/test.sh --stack stack --region us-east-1\n')
    expect(stdout).toContain('--set SweepReservedConcurrency=1')
    expect(stdout).not.toContain('first,second')
  })

  test.each([
    ['those that are there keep what they have', 'logs\ttraces\n', [], ourTables.slice(2), 24],
    ['all are there', `${ourTables.join('\t')}\n`, [], [], 24],
    ['it is named', 'logs\ttraces\n', ['--snapshot-hours', '6'], ourTables, 6],
  ])('how long snapshots are kept: %s', async (_, tables, more, changed, hours) => {
    const options = { outputs: lines(stackOf().outputs), world: { tables } }
    const { code, calls } = await runScript('deploy.sh', [...here, ...more], options)
    const puts = calls.filter((one) => one.includes('put-table-maintenance-configuration'))
    expect([code, puts]).toEqual([0, changed.map((table) => keep(table, hours))])
  })

  test('where room is kept for the sweep, nobody is told to', async () => {
    const { code, stdout } = await runScript('deploy.sh', here, { world: { reserved: '1' } })
    expect([code, stdout.includes('SweepReserved')]).toEqual([0, false])
  })

  test('plain files: no tables, and what is named is handed on', async () => {
    const outputs = lines(stackOf({ Mode: 'plain', Endpoint: 'http-api', Auth: 'iam' }).outputs)
    const named = [
      '--mode',
      'plain',
      '--auth',
      'iam',
      '--endpoint',
      'http-api',
      '--set',
      'MemoryMb=1024',
    ]
    const { calls, stdout } = await runScript('deploy.sh', [...here, ...named], {
      world: { 'new-outputs': outputs },
    })
    expect(calls).toEqual([
      call.identity,
      call.stack,
      build,
      call.samDeploy(
        ' --parameter-overrides Mode="plain" Auth="iam" Endpoint="http-api" MemoryMb="1024"',
      ),
      call.stack,
      call.invoke('intakefunction:live', 'init'),
    ])
    expect(stdout).toContain('signed with AWS credentials')
  })

  test.each([
    [[]],
    [['--mode', 'iceberg']],
    [['--set', 'TableBucketArn=']],
    [['--mode', 'plain', '--set', 'Mode=iceberg']],
  ])('a table bucket of before is nothing to decide about unasked: %j', async (named) => {
    const { code, stderr, calls } = await runScript('deploy.sh', [...here, ...named], {
      world: { 'table-bucket': '' },
    })
    expect([code, calls.at(-1)]).toEqual([1, `aws s3tables get-table-bucket ${inBucket}`])
    expect(stderr).toContain(`--set TableBucketArn=${bucket}`)
  })

  test.each([
    ['--mode', 'plain'],
    ['--set', 'Mode=plain'],
    ['--set', `TableBucketArn=${bucket}`],
    ['--set', 'TableBucketName=another'],
  ])('where none would be made in its place, it is not asked for: %s %s', async (...named) => {
    const { code, calls } = await runScript('deploy.sh', [...here, ...named], {
      world: { 'table-bucket': '' },
    })
    expect([code, calls.filter((one) => one.includes('get-table-bucket'))]).toEqual([0, []])
  })

  describe('a table bucket of before, when the stack is there', () => {
    const given = 'arn:aws:s3tables:us-east-1:123456789012:bucket/given'
    const asked = `aws s3tables get-table-bucket ${inBucket}`
    const over = (parameters: Readonly<Record<string, string>>, more = {}) => ({
      outputs: lines(stackOf(parameters).outputs),
      standIns,
      world: { parameters: lines(parametersOf(parameters)), 'table-bucket': '', ...more },
    })

    test.each([
      ['plain', { Mode: 'plain' }, ['--mode', 'iceberg']],
      ['with another', { TableBucketArn: given }, ['--set', 'TableBucketArn=']],
      [
        'plain, which had another',
        { Mode: 'plain', TableBucketArn: given },
        ['--mode', 'iceberg', '--set', 'TableBucketArn='],
      ],
    ])('is nothing to decide about unasked: %s', async (_, parameters, named) => {
      const { code, stderr, calls } = await runScript(
        'deploy.sh',
        [...here, ...named],
        over(parameters),
      )
      expect([code, calls.at(-1)]).toEqual([1, asked])
      expect(stderr).toContain(`--set TableBucketArn=${bucket}`)
    })

    test('is none: the stack is deployed', async () => {
      const { 'table-bucket': _, ...world } = over({ Mode: 'plain' }).world
      const options = { ...over({ Mode: 'plain' }), world }
      const { code, calls } = await runScript('deploy.sh', [...here, '--mode', 'iceberg'], options)
      expect([code, calls.filter((one) => one === asked).length]).toEqual([0, 1])
      expect(calls).toContain(call.samDeploy(' --parameter-overrides Mode="iceberg"'))
    })

    test.each([
      ['its own', {}, ['--set', 'TableBucketArn=']],
      ['its own, by name', {}, ['--set', 'TableBucketName=']],
      [
        'one that is named',
        { Mode: 'plain' },
        ['--mode', 'iceberg', '--set', `TableBucketArn=${given}`],
      ],
      ['one of before', { Mode: 'plain', TableBucketArn: given }, ['--mode', 'iceberg']],
      ['another name', { Mode: 'plain', TableBucketName: 'another' }, ['--mode', 'iceberg']],
      ['none', { Mode: 'plain' }, ['--set', 'MemoryMb=1024']],
    ])('is not asked for where the stack has %s', async (_, parameters, named) => {
      const { code, calls } = await runScript('deploy.sh', [...here, ...named], over(parameters))
      expect([code, calls.filter((one) => one === asked)]).toEqual([0, []])
    })
  })

  test.each([
    'arn:aws-us-gov:iam::123456789012:user/me',
    'arn:aws-cn:sts::123456789012:assumed-role/deployer/me',
  ])('its table bucket is of the partition of %s', async (caller) => {
    const partition = caller.split(':')[1]
    const world = { 'table-bucket': '', caller }
    const { stderr } = await runScript('deploy.sh', here, { world })
    expect(stderr).toContain(
      `--set TableBucketArn=arn:${partition}:s3tables:us-east-1:123456789012:bucket/stack-tables `,
    )
  })

  describe('another mode, bucket or namespace, when the stack is there', () => {
    const outputs = lines(stackOf().outputs)
    const plain = lines(stackOf({ Mode: 'plain' }).outputs)
    const other = 'arn:aws:s3tables:us-east-1:123456789012:bucket/other'
    const leaving = [call.identity, call.stack, call.status, call.parameters, build]

    test('what is owed is paid before, with the intake at rest', async () => {
      const options = { outputs, standIns, world: { 'new-outputs': plain } }
      const { code, calls } = await runScript('deploy.sh', [...here, '--mode', 'plain'], options)
      expect(calls).toEqual([
        ...leaving,
        ...settle,
        call.samDeploy(' --parameter-overrides Mode="plain"'),
        call.stack,
        ...startAgain,
        call.invoke('intakefunction:live', 'init'),
        call.owed,
      ])
      expect(code).toBe(0)
    })

    test.each([
      ['--mode', 'plain'],
      ['--set', 'Mode=plain'],
      ['--set', `TableBucketArn=${other}`],
      ['--set', 'TableBucketName=other'],
      ['--set', 'Namespace=other'],
      ['--set', 'StateBucketName=other'],
      ['--set', 'StoragePrefix=other'],
    ])('while commits are owed nothing is deployed: %s %s', async (...named) => {
      const options = { outputs, standIns, world: { owed: '17\n' } }
      const { code, stderr, calls } = await runScript('deploy.sh', [...here, ...named], options)
      expect([code, calls]).toEqual([1, [...leaving, ...settleInVain, ...startAgain]])
      expect(stderr).toContain('17 commits are owed by receipts in statebucket')
      expect(stderr).toContain('--leave-owed')
    })

    const changing = ['--mode', 'plain', '--set', 'ReservedConcurrency=10']
    const deployed = { 'new-outputs': plain, 'deployed-at-once-intakefunction': '10\n' }
    const put = (calls: readonly string[]): string[] =>
      calls.filter((one) => /(put|delete)-function-concurrency/.test(one))

    test.each([
      ['10', '10\n', {}],
      ['10, where 5 were', '10\n', { reserved: '5\n' }],
      ['no number, where 5 were', 'None\n', { reserved: '5\n' }],
    ])('how many may run at once is what the new stack says: %s', async (_, now, more) => {
      const world = { ...deployed, 'deployed-at-once-intakefunction': now, ...more }
      const options = { outputs, standIns, world }
      const { code, stderr, calls } = await runScript('deploy.sh', [...here, ...changing], options)
      expect([code, put(calls)]).toEqual([0, [reserve(0)]])
      expect(stderr).toContain('intakefunction takes requests')
    })

    test('a deployment that fails leaves it to what was before', async () => {
      const world = {
        ...deployed,
        'sam-fails': '',
        reserved: '5\n',
        'deployed-at-once-intakefunction': '0\n',
      }
      const options = { outputs, standIns, world }
      const { code, calls } = await runScript('deploy.sh', [...here, ...changing], options)
      expect([code, put(calls)]).toEqual([1, [reserve(0), reserve(5)]])
    })

    test.each([
      ['a sweep that cannot pay', { owed: '17\n' }, '17 COMMITS ARE STILL OWED'],
      ['none, and one more meanwhile', { owed: '0\n1\n' }, '1 COMMITS ARE STILL OWED'],
    ])('--leave-owed goes on, and tells what pays: %s', async (_, owed, words) => {
      const options = { outputs, standIns, world: { 'new-outputs': plain, ...owed } }
      const named = ['--mode', 'plain', '--leave-owed']
      const { code, stderr } = await runScript('deploy.sh', [...here, ...named], options)
      expect(code).toBe(0)
      expect(stderr).toContain(words)
      expect(stderr).toContain(`OTLP2PARQUET_ICEBERG_WAREHOUSE=${bucket} `)
      expect(stderr).not.toContain('STORAGE_PREFIX')
      const unasked = await runScript('deploy.sh', [...here, '--mode', 'plain'], options)
      expect(unasked.code).toBe(1)
    })

    test.each([
      [],
      ['--mode', 'iceberg'],
      ['--set', `TableBucketArn=${bucket}`],
      ['--set', 'Namespace=otel'],
      ['--set', 'MemoryMb=1024'],
    ])('what changes none of them stops nobody: %s %s', async (...named) => {
      const { code, calls } = await runScript('deploy.sh', [...here, ...named], { outputs })
      expect([
        code,
        calls.filter((one) => /put-function-concurrency|list-objects/.test(one)),
      ]).toEqual([0, []])
    })
  })

  test('a token that is asked for no more: nobody is let in until AWS asks for signatures', async () => {
    const options = { outputs: lines(stackOf().outputs) }
    const { code, calls } = await runScript('deploy.sh', [...here, '--auth', 'iam'], options)
    const deployed = calls.indexOf(call.samDeploy(' --parameter-overrides Auth="iam"'))
    expect([code, calls.slice(deployed - 2, deployed)]).toEqual([0, stop])
    expect(calls.slice(deployed + 2, deployed + 5)).toEqual([call.status, ...startAgain])
  })
  describe('a token that is asked for no more, by a deployment that fails', () => {
    const failing = (status: string, more: Readonly<Record<string, string>> = {}) => {
      const world = { 'sam-fails': '', 'status-later': `${status}\n`, ...more }
      const options = { outputs: lines(stackOf().outputs), world }
      return runScript('deploy.sh', [...here, '--auth', 'iam'], options)
    }
    const events =
      'aws cloudformation describe-stack-events --region us-east-1 --stack-name stack says why; mend that'

    test.each([
      ['UPDATE_IN_PROGRESS', 'wait until that is done.'],
      ['UPDATE_ROLLBACK_IN_PROGRESS', 'wait until that is done.'],
      // An address that went with the update is still there.
      ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'wait until that is done.'],
      [
        'UPDATE_ROLLBACK_FAILED',
        `${events}, then aws cloudformation continue-update-rollback --region us-east-1 --stack-name stack.`,
      ],
      [
        'UPDATE_FAILED',
        `${events}, then aws cloudformation rollback-stack --region us-east-1 --stack-name stack.`,
      ],
      ['DELETE_FAILED', `${events}.`],
      ['A_STATE_OF_TOMORROW', `${events}.`],
    ])('lets nobody in where it leaves the stack in %s', async (status, words) => {
      const { code, stderr, calls } = await failing(status)
      expect([code, calls.slice(-2)]).toEqual([
        1,
        [expect.stringMatching(/^sam deploy/), call.status],
      ])
      expect(stderr).toContain('intakefunction stays stopped')
      expect(stderr).toContain(`(${status})`)
      expect(stderr).toContain(words)
      expect(stderr).toMatch(
        /once the stack is in UPDATE_COMPLETE or UPDATE_ROLLBACK_COMPLETE, and not before: aws lambda delete-function-concurrency /,
      )
    })

    test.each([
      ['as many as were reserved', '5\n', reserve(5)],
      // As by a deployment before that ended in the same way.
      ['all, where it was stopped before', '0\n', String(startAgain[1])],
    ])('tells how to start it with %s', async (_, reserved, words) => {
      const { stderr } = await failing('UPDATE_ROLLBACK_FAILED', { reserved })
      expect(stderr).toContain(`not before: ${words}`)
    })

    test.each([
      'CREATE_COMPLETE',
      'UPDATE_COMPLETE',
      'UPDATE_ROLLBACK_COMPLETE',
      'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
      'IMPORT_COMPLETE',
      'IMPORT_ROLLBACK_COMPLETE',
    ])('starts it where the stack is whole: %s', async (status) => {
      const { code, calls } = await failing(status)
      expect([code, calls.slice(-2)]).toEqual([1, startAgain])
    })
  })
  test.each([
    ['ReservedConcurrency=5', ['--auth', 'iam']],
    ['ProvisionedConcurrency=2', ['--auth', 'iam']],
    ['ProvisionedConcurrency=2', ['--mode', 'plain']],
  ])('%s is not set while the intake is stopped: %j', async (pair, named) => {
    const options = { outputs: lines(stackOf().outputs) }
    const { code, stderr, calls } = await runScript(
      'deploy.sh',
      [...here, ...named, '--set', pair],
      options,
    )
    expect([code, calls.filter((one) => /^sam|put-function/.test(one))]).toEqual([1, []])
    expect(stderr).toContain(`set ${pair.split('=')[0]} before it, or after it`)
  })
  test.each([
    ['token', 'token'],
    ['iam', 'token'],
    ['iam', 'iam'],
  ])('from %s to %s nobody is stopped', async (was, next) => {
    const options = { outputs: lines(stackOf({ Auth: was }).outputs) }
    const { code, calls } = await runScript('deploy.sh', [...here, '--auth', next], options)
    expect([code, calls.filter((one) => one.includes('function-concurrency')).length]).toEqual([
      0, 1,
    ])
  })

  describe('what is kept warm takes what is new', () => {
    const release = /--parameter-overrides Release="\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\dZ"/
    const releases = async (named: readonly string[], parameters?: Record<string, string>) => {
      const stack = parameters && {
        outputs: lines(stackOf(parameters).outputs),
        world: { parameters: lines(parametersOf(parameters)) },
      }
      const { code, calls } = await runScript('deploy.sh', [...here, ...named], stack)
      expect(code).toBe(0)
      return calls.filter((one) => release.test(one)).length
    }
    const warm = { ProvisionedConcurrency: '2' }

    test('when it is asked for, and each time after that', async () => {
      expect(await releases(['--set', 'ProvisionedConcurrency=2'])).toBe(1)
      expect(await releases([], warm)).toBe(1)
      expect(await releases(['--set', 'CorsOrigins=https://a.example'], warm)).toBe(1)
    })
    test('where nothing is, there is no version of it', async () => {
      expect(await releases([])).toBe(0)
      expect(await releases([], {})).toBe(0)
      expect(await releases(['--set', 'ProvisionedConcurrency=0'], warm)).toBe(0)
    })
    test('by another name than the time, when that is given', async () => {
      const options = ['--set', 'ProvisionedConcurrency=2', '--set', 'Release=mine']
      const { given } = await runScript('deploy.sh', [...here, ...options])
      expect(given.filter((one) => one.startsWith('Release=')).at(-1)).toBe('Release="mine"')
    })
  })

  test.each([
    ['ROLLBACK_COMPLETE', 'infra/destroy.sh --region us-east-1 --stack stack removes it'],
    ['ROLLBACK_FAILED', 'can only be removed'],
    ['UPDATE_ROLLBACK_FAILED', 'aws cloudformation continue-update-rollback --region us-east-1'],
    ['UPDATE_FAILED', 'aws cloudformation rollback-stack --region us-east-1'],
    ['IMPORT_ROLLBACK_FAILED', 'neither as it was nor as it should be'],
    ['DELETE_FAILED', 'infra/destroy.sh --region us-east-1 --stack stack'],
    ['UPDATE_IN_PROGRESS', 'wait until that is done'],
    ['UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'wait until that is done'],
  ])('a stack in %s: nothing is built, and what to do is said', async (status, words) => {
    const options = { outputs: lines(stackOf().outputs), world: { status } }
    const { code, stderr, calls } = await runScript('deploy.sh', here, options)
    expect([code, calls]).toEqual([1, [call.identity, call.stack, call.status]])
    expect(stderr).toContain(`(${status})`)
    expect(stderr).toContain(words)
  })

  test.each([
    ['REVIEW_IN_PROGRESS', 'None\n'],
    ['UPDATE_ROLLBACK_COMPLETE', lines(stackOf().outputs)],
  ])('a stack in %s is deployed', async (status, outputs) => {
    const { code, calls } = await runScript('deploy.sh', here, { outputs, world: { status } })
    expect([code, calls.includes(call.samDeploy())]).toEqual([0, true])
  })

  test('what is left of a first deployment that failed can be removed', async () => {
    const options = { outputs: 'None\n', world: { status: 'ROLLBACK_COMPLETE' } }
    const { code, calls } = await runScript('destroy.sh', [...here, '--yes'], options)
    expect([code, calls.slice(-2).map((one) => one.split(' ')[2])]).toEqual([
      0,
      ['delete-stack', 'wait'],
    ])
  })

  test('what an init made before it failed keeps its snapshots as all do: the next run would take it for yours', async () => {
    const world = {
      'function-error': '',
      answer: '{"errorMessage":"not done in time"}',
      tables: 'logs\n',
      'tables-all-the-same': 'logs\ttraces\tmetrics_sum\n',
    }
    const { code, stderr, calls } = await runScript('deploy.sh', here, { world })
    expect([code, calls.slice(calls.indexOf(call.invoke('intakefunction:live', 'init')))]).toEqual([
      1,
      [
        call.invoke('intakefunction:live', 'init'),
        listOurs,
        ...['traces', 'metrics_sum'].map((table) => keep(table)),
      ],
    ])
    expect(stderr).toContain('init failed: {"errorMessage":"not done in time"}')
  })

  test('an init that failed is the end, with its words', async () => {
    const world = { 'function-error': '', answer: '{"errorMessage":"no rights"}' }
    const { code, stderr, calls } = await runScript('deploy.sh', here, { world })
    expect([code, calls.slice(-2)]).toEqual([
      1,
      [call.invoke('intakefunction:live', 'init'), listOurs],
    ])
    expect(stderr).toMatch(/init failed: \{"errorMessage":"no rights"\}.*aws logs tail/)
  })
})

describe('destroy.sh', () => {
  const outputs = lines(stackOf().outputs)
  const resource = (name: string): string =>
    `aws cloudformation list-stack-resources --region us-east-1 --stack-name stack --query StackResourceSummaries[?LogicalResourceId=='${name}'].PhysicalResourceId --output text`
  const looks = [
    call.identity,
    call.stack,
    call.parameters,
    ...['TableBucket', 'StateBucket', 'DataBucket', 'TokensSecret'].map(resource),
  ]
  const goes = [
    'aws cloudformation delete-stack --region us-east-1 --stack-name stack',
    'aws cloudformation wait stack-delete-complete --region us-east-1 --stack-name stack',
  ]
  const deleting = [
    `aws s3tables list-namespaces ${inBucket} --query namespaces[].namespace[] --output text`,
    listTables,
    `aws s3tables delete-table ${inBucket} --namespace otel --name logs`,
    `aws s3tables delete-table ${inBucket} --namespace otel --name traces`,
    `aws s3tables delete-namespace ${inBucket} --namespace otel`,
    `aws s3tables delete-table-bucket ${inBucket}`,
    'aws s3 rm s3://statebucket --region us-east-1 --recursive --only-show-errors',
    'aws s3api delete-bucket --region us-east-1 --bucket statebucket',
    `aws secretsmanager delete-secret --region us-east-1 --secret-id ${stackOf().outputs.TokensSecretArn} --recovery-window-in-days 7`,
  ]

  test('asks, pays what is owed, and keeps the data', async () => {
    const { code, stdout, calls } = await runScript('destroy.sh', here, {
      outputs,
      standIns,
      input: 'stack\n',
    })
    expect(calls).toEqual([...looks, ...settle, ...goes, call.owed])
    expect(code).toBe(0)
    expect(stdout).toContain(
      `infra/deploy.sh --region us-east-1 --stack stack --set TableBucketArn=${bucket} --set StateBucketName=statebucket`,
    )
  })

  describe('what it says to go on with', () => {
    const goOn = async (
      given: Readonly<Record<string, string>>,
      { more = '', outputs = lines(stackOf(given).outputs) } = {},
    ) => {
      const { code, stdout } = await runScript('destroy.sh', [...here, '--yes'], {
        outputs,
        standIns,
        world: { parameters: `${lines(parametersOf(given))}${more}` },
      })
      const [, command = ''] = /^to go on with it:\n {2}infra\/deploy\.sh (.*)$/m.exec(stdout) ?? []
      // As whoever pastes it has his shell read it.
      const args = execFileSync('bash', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' })
      return { code, args: args.split('\0').slice(0, -1) }
    }
    const table = ['--set', `TableBucketArn=${bucket}`, '--set', 'StateBucketName=statebucket']
    const secret = ['--set', `TokensSecretArn=${stackOf().outputs.TokensSecretArn}`]

    test('names nothing that is as it would be', async () => {
      expect(await goOn({})).toEqual({ code: 0, args: [...here, ...table, ...secret] })
    })

    test('names nothing that template.yaml has no more', async () => {
      const { args } = await goOn({}, { more: 'Bygone\t1\n' })
      expect(args).toEqual([...here, ...table, ...secret])
    })

    test('is what a first deployment that failed was given', async () => {
      const given = { Mode: 'plain', DataBucketName: 'mine' }
      const { args } = await goOn(given, { outputs: 'None\n' })
      expect(args).toEqual([...here, '--set', 'Mode=plain', '--set', 'DataBucketName=mine'])
    })

    test.each([
      [
        'tables',
        {
          Namespace: 'mine',
          StoragePrefix: 'telemetry/prod',
          CreateTables: 'false',
          Endpoint: 'http-api',
          Auth: 'iam',
          CorsOrigins: 'https://a.example,https://b.example',
          SweepSchedule: 'cron(0/5 * * * ? *)',
          Team: "who's $HOME & `more`",
          Project: '',
        },
        { TableBucketArn: bucket, StateBucketName: 'statebucket' },
      ],
      [
        'a table bucket of another name',
        { TableBucketName: 'named' },
        {
          TableBucketArn: bucket,
          StateBucketName: 'statebucket',
          TokensSecretArn: String(stackOf().outputs.TokensSecretArn),
          TableBucketName: undefined,
        },
      ],
      [
        'files',
        { Mode: 'plain', StoragePrefix: 'a', MemoryMb: '1024' },
        {
          DataBucketName: 'databucket',
          TokensSecretArn: String(stackOf().outputs.TokensSecretArn),
        },
      ],
    ])('deploys the same again: %s', async (_, given, kept) => {
      const { args } = await goOn(given)
      const { code, given: ofSam } = await runScript('deploy.sh', args)
      const overrides = ofSam.filter((one) => /^[A-Z]\w+="/.test(one)).sort()
      const wanted = Object.entries({ ...given, ...kept }).filter(
        ([, value]) => value !== undefined,
      )
      expect([code, overrides]).toEqual([
        0,
        wanted.map(([name, value]) => `${name}="${value}"`).sort(),
      ])
    })
  })

  test('the Iceberg endpoint that pays what is left is that of the region', async () => {
    const args = ['--region', 'cn-north-1', '--stack', 'stack', '--yes']
    const options = { outputs, standIns, world: { owed: '0\n2\n' } }
    const { stderr } = await runScript('destroy.sh', args, options)
    expect(stderr).toContain('=https://s3tables.cn-north-1.amazonaws.com.cn/iceberg ')
  })

  test.each([
    ['another word', here, 'yes\n'],
    ['nothing', here, ''],
    ['no second word', [...here, '--delete-data'], 'stack\n'],
  ])('%s typed: nothing is done', async (_, args, input) => {
    const { code, stderr, calls } = await runScript('destroy.sh', args, { outputs, input })
    expect([code, calls]).toEqual([1, looks])
    expect(stderr).toContain('nothing was done')
  })

  test('--delete-data, twice confirmed: what the stack made, and only that', async () => {
    const options = { outputs, input: 'stack\ndelete data\n' }
    const { code, calls } = await runScript('destroy.sh', [...here, '--delete-data'], options)
    expect(calls).toEqual([...looks, ...goes, ...deleting])
    expect(code).toBe(0)
  })

  test('--delete-data leaves buckets alone that the stack did not make', async () => {
    const options = { outputs, standIns, world: { resources: '' } }
    const { calls } = await runScript('destroy.sh', [...here, '--delete-data', '--yes'], options)
    expect(calls).toEqual([...looks, ...settle, ...goes, call.owed])
  })

  test.each([
    [
      'of a stack with a folder for them',
      lines(stackOf({ StoragePrefix: 'a/b' }).outputs),
      'a/b/_receipts/',
    ],
    [
      'of a stack that was deployed before there was one',
      outputs.replace(/^ReceiptsPrefix.*\n/m, ''),
      '_receipts/',
    ],
  ])('what is owed is counted %s', async (_, of, folder) => {
    const options = { outputs: of, standIns }
    const { calls } = await runScript('destroy.sh', [...here, '--yes'], options)
    const lists = calls.filter((one) => one.includes('list-objects-v2'))
    expect(new Set(lists)).toEqual(new Set([call.owed.replace('_receipts/', folder)]))
  })

  test.each([
    ['as many as the account allows', {}, startAgain],
    ['as many as were reserved', { reserved: '5' }, [atOnce, reserve(5)]],
  ])(
    'while commits are owed the stack stays, and takes requests again: %s',
    async (_, more, again) => {
      const options = { outputs, standIns, world: { owed: '17\n', ...more } }
      const { code, stderr, calls } = await runScript('destroy.sh', [...here, '--yes'], options)
      expect([code, calls]).toEqual([1, [...looks, ...settleInVain, ...again]])
      expect(stderr).toContain('17 commits are still owed')
      expect(stderr).toContain('intakefunction takes requests again')
    },
  )

  const sweeps = (calls: readonly string[]): number =>
    calls.filter((one) => one === call.invoke('sweepfunction', 'sweep')).length

  test.each([
    ['another sweep is at it', { owed: '5\n5\n2\n0\n' }, 4],
    ['no sweep has time for all, a dozen times and more', { owed: countdown(20) }, 21],
    ['there are more than a page', { owed: '1000 300\n1000 200\n1000 100\n0\n' }, 4],
    [
      'the sweep of the schedule takes the only place',
      { owed: '5\n0\n', throttled: 'yes\nno\n' },
      2,
    ],
    ['a sweep failed', { owed: '5\n0\n', 'function-error': '' }, 2],
  ])('a sweep is followed by others while something is owed: %s', async (_, world, times) => {
    const options = { outputs, standIns, world }
    const { code, calls, slept } = await runScript('destroy.sh', [...here, '--yes'], options)
    expect([code, sweeps(calls), calls.includes(goes[0] ?? '')]).toEqual([0, times, true])
    expect(slept).toEqual(['20', ...Array(times - 1).fill('10')])
  })

  test('two minutes in which nothing is paid are the end, with what the last sweep said', async () => {
    const world = {
      owed: '20\n18\n17\n',
      'function-error': '',
      answer: '{"errorMessage":"no rights"}',
    }
    const options = { outputs, standIns, world }
    const { code, stderr, calls, slept } = await runScript(
      'destroy.sh',
      [...here, '--yes'],
      options,
    )
    expect([code, sweeps(calls), calls.includes(goes[0] ?? '')]).toEqual([1, 15, false])
    expect(slept).toEqual(['20', ...Array(14).fill('10')])
    expect(stderr.match(/sweep failed: .*/g)).toEqual([
      expect.stringMatching(/^sweep failed: \{"errorMessage":"no rights"\}.*aws logs tail/),
    ])
    expect(stderr).toContain('17 commits are still owed')
  })

  test.each([
    ['that are refused', { throttled: 'yes\n' }],
    ['that fail', { 'function-error': '' }],
  ])('sweeps %s leave no file behind', async (_, world) => {
    const TMPDIR = temporaryFolder()
    const options = { outputs, standIns, world: { ...world, owed: '1\n' }, env: { TMPDIR } }
    const { code } = await runScript('destroy.sh', [...here, '--yes'], options)
    expect([code, readdirSync(TMPDIR)]).toEqual([1, []])
  })

  // A stack that CloudFormation could not remove keeps its outputs, though the functions went first.
  describe('functions that are gone', () => {
    const both = 'intakefunction\nsweepfunction\n'

    test('have nothing to stop and sweep nothing: the rest goes', async () => {
      const options = { outputs, standIns, world: { gone: both } }
      const { code, stderr, calls } = await runScript('destroy.sh', [...here, '--yes'], options)
      const asked = [atOnce, call.invoke('sweepfunction', 'sweep'), call.owed]
      expect([code, calls]).toEqual([0, [...looks, ...asked, ...goes, call.owed]])
      expect(stderr).toContain('the function sweepfunction is gone, and sweeps no more')
    })

    test.each([
      ['', []],
      [', and their bucket stays though --delete-data', ['--delete-data']],
    ])('what is owed is told of, with what pays it%s', async (_, more) => {
      const made = lines({ StateBucket: 'statebucket' })
      const options = { outputs, standIns, world: { gone: both, owed: '3\n', resources: made } }
      const args = [...here, '--yes', ...more]
      const { code, stdout, stderr, calls } = await runScript('destroy.sh', args, options)
      expect([code, sweeps(calls), calls.at(-1)]).toEqual([1, 1, call.owed])
      expect(stdout).toContain('the stack stack is gone')
      expect(stderr).toContain('3 COMMITS ARE STILL OWED, by receipts in statebucket')
    })

    test('the intake alone: what is owed is paid', async () => {
      const world = { gone: 'intakefunction\n', owed: '3\n0\n' }
      const options = { outputs, standIns, world }
      const { code, calls } = await runScript('destroy.sh', [...here, '--yes'], options)
      expect([code, sweeps(calls)]).toEqual([0, 2])
      expect(calls.filter((one) => one.includes('-function-concurrency'))).toEqual([atOnce])
    })

    test('an intake that goes before the stack fails to is not started again', async () => {
      const options = { outputs, standIns, world: { 'delete-fails': 'intakefunction\n' } }
      const { code, stderr } = await runScript('destroy.sh', [...here, '--yes'], options)
      expect(code).toBe(1)
      expect(stderr).toContain('the stack is not gone')
      expect(stderr).not.toMatch(/is stopped|takes requests/)
    })
  })

  test('an intake that cannot be stopped is told of, and nothing is done', async () => {
    const options = { outputs, standIns, world: { 'kept-warm': '' } }
    const { code, stderr, calls } = await runScript('destroy.sh', [...here, '--yes'], options)
    expect([code, calls]).toEqual([1, [...looks, ...stop, atOnce]])
    expect(stderr).toContain('ProvisionedConcurrency=0 first')
    expect(stderr).toMatch(/intakefunction takes requests$/m)
  })

  test.each([
    ['its answer is lost', 'answer-lost', 1],
    ['Ctrl-C comes during it', 'ctrl-c', null],
  ])('an intake that is stopped although %s is started again', async (_, name, ended) => {
    const options = { outputs, standIns, world: { [name]: '', reserved: '5\n' } }
    const { code, stderr, calls } = await runScript('destroy.sh', [...here, '--yes'], options)
    expect([code ?? null, calls]).toEqual([ended, [...looks, ...stop, atOnce, reserve(5)]])
    expect(stderr).toContain('intakefunction takes requests again')
  })

  test('an intake that somebody had stopped before stays so, and that is said', async () => {
    const options = { outputs, standIns, world: { owed: '17\n', reserved: '0\n' } }
    const { code, stderr, calls } = await runScript('destroy.sh', [...here, '--yes'], options)
    expect([code, calls]).toEqual([1, [...looks, ...settleInVain, atOnce]])
    expect(stderr).toContain('intakefunction was stopped before this began, and stays so')
    expect(stderr).toContain(`To start it: ${startAgain[1]}`)
    expect(stderr).not.toContain('takes requests')
  })

  test('receipts in a folder are told of there', async () => {
    const options = {
      outputs: lines(stackOf({ StoragePrefix: 'a/b' }).outputs),
      standIns,
      world: { owed: '0\n2\n' },
    }
    const { stderr } = await runScript('destroy.sh', [...here, '--yes'], options)
    expect(stderr).toContain(' OTLP2PARQUET_STORAGE_PREFIX=a/b npm start -- sweep')
  })

  test.each([
    ['', []],
    [', though --delete-data, of tables that the stack did not make', ['--delete-data']],
  ])('what is owed after the last sweep is told of, with what pays it%s', async (_, more) => {
    const made = lines({ StateBucket: 'statebucket' })
    const options = {
      outputs,
      standIns,
      world: { owed: '0\n2\n', ...(more.length > 0 && { resources: made }) },
    }
    const args = [...here, '--yes', ...more]
    const { code, stdout, stderr, calls } = await runScript('destroy.sh', args, options)
    expect([code, calls]).toEqual([1, [...looks, ...settle, ...goes, call.owed]])
    expect(stdout).toContain('the stack stack is gone')
    expect(stderr).toContain('2 COMMITS ARE STILL OWED, by receipts in statebucket')
    const env = Object.fromEntries(
      [...stderr.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    )
    const { icebergWarehouse, stateBucket } = readConfig(env, 'node')
    expect([icebergWarehouse, stateBucket]).toEqual([bucket, 'statebucket'])
    expect(stderr).toMatch(/ npm start -- sweep$/m)
  })
})

describe.each(scripts)('%s', (script) => {
  test('--help', async () => {
    const { code, stdout, stderr, calls } = await runScript(script, ['--help'])
    expect({ code, stderr, calls }).toEqual({ code: 0, stderr: '', calls: [] })
    expect(stdout).toMatch(new RegExp(`^usage: infra/${script} `))
  })
  test.each([
    [[], /--region is missing/],
    [['--nonsense', 'x'], /what is --nonsense/],
    [['--region'], /--region needs a value/],
  ])('%j', async (args, words) => {
    const { code, stderr, calls } = await runScript(script, args)
    expect([code, calls]).toEqual([2, []])
    expect(stderr).toMatch(words)
    expect(stderr).toContain(`infra/${script} --help`)
  })
  test('without credentials', async () => {
    const { code, stderr, calls } = await runScript(script, here, { world: { nobody: '' } })
    expect([code, calls]).toEqual([1, [call.identity]])
    expect(stderr).toMatch(/AWS does not know you: .*Unable to locate credentials/)
  })
  test('without aws', async () => {
    const { code, stderr } = await runScript(script, here, { without: ['aws'] })
    expect(code).toBe(1)
    expect(stderr).toMatch(/needs aws, .*: https:\/\/docs\.aws\.amazon\.com/)
  })
})

// That a live trial cannot be deployed is said before it asks whether to begin.
describe.each(['deploy.sh', 'verify-live.sh'] as const)('%s', (script) => {
  test.each(['sam', 'make', 'node', 'npm'])('without %s', async (tool) => {
    const { code, stdout, stderr, calls } = await runScript(script, here, { without: [tool] })
    expect([code, stdout, calls]).toEqual([1, '', []])
    expect(stderr).toContain(`infra/${script}: needs ${tool}, `)
  })
})

test.each([
  ['test.sh', 'curl'],
  ['verify-live.sh', 'curl'],
  ['verify-live.sh', 'duckdb'],
] as const)('%s without %s', async (script, tool) => {
  const standIns = ['duckdb', 'sleep'].filter((one) => one !== tool)
  const { code, stdout, stderr, calls } = await runScript(script, here, {
    without: [tool],
    standIns,
  })
  expect([code, stdout, calls.filter((one) => one !== call.identity)]).toEqual([1, '', []])
  expect(stderr).toMatch(new RegExp(`^infra/${script}: needs ${tool}, .*: https://`))
})

describe.each(['deploy.sh', 'destroy.sh', 'test.sh', 'verify-live.sh'] as const)(
  '%s, by its version of aws',
  (script) => {
    const standIns = ['duckdb', 'sleep']
    test.each([
      ['aws-cli/1.45.11 Python/3.11.15 Linux/6.1', 'aws-cli/1.45.11'],
      ['aws-cli/2.21.3 Python/3.12.6 Linux/6.1', 'aws-cli/2.21.3'],
      ['some other aws', 'some'],
    ])('%s is told before anything is asked of it', async (version, named) => {
      const options = { standIns, world: { version: `${version}\n` } }
      const { code, stderr, calls } = await runScript(script, here, options)
      expect([code, calls]).toEqual([1, []])
      expect(stderr).toContain(
        `infra/${script}: needs aws 2.22 or newer, and this is ${named}: https://`,
      )
    })
    test.each(['aws-cli/2.22.0', 'aws-cli/3.0.1'])('%s will do', async (version) => {
      const options = { standIns, world: { version: `${version} Python/3.13\n` } }
      expect((await runScript(script, here, options)).calls.length).toBeGreaterThan(0)
    })
  },
)

test.each([
  [['--mode', 'rows'], /--mode is iceberg or plain/],
  [['--auth', 'none'], /--auth is token or iam/],
  [['--endpoint', 'alb'], /--endpoint is/],
  [['--set', 'Nothing=1'], /no parameter Nothing/],
  [['--set', 'MemoryMb'], /--set wants NAME=VALUE/],
  [['--set', 'Team="a"'], /neither quotes nor backslashes in Team="a"/],
  [['--set', 'Team=a\\'], /neither quotes nor backslashes/],
  [['--stack', 'Upper'], /lower-case/],
  [['--snapshot-hours', '0'], /whole number/],
])('deploy.sh %j', async (args, words) => {
  const { code, stderr, calls } = await runScript('deploy.sh', [...here, ...args])
  expect([code, calls]).toEqual([2, []])
  expect(stderr).toMatch(words)
})
