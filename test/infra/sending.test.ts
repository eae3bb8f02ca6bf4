// Protects the scripts that send to a deployment: where they go, who they say they are without showing it, what they
// take for wrong; and that what was deployed for a trial goes away whatever happens.
import { describe, expect, test } from 'vitest'
import { bucket, call, here, inBucket, lines, runScript, serving } from './scripted.ts'
import { stackOf } from './template.ts'

describe('test.sh', () => {
  const url = 'https://id.lambda-url.us-east-1.on.aws'

  test("goes to the stack, with its secret's first token, which no command line shows", async () => {
    const options = {
      outputs: lines(stackOf().outputs),
      world: { stranger: '401' },
      standIns: serving,
    }
    const { code, stdout, stderr, calls, sent } = await runScript('test.sh', here, options)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const read = `aws secretsmanager get-secret-value --region us-east-1 --secret-id ${stackOf().outputs.TokensSecretArn} --query SecretString --output text`
    expect(calls).toEqual([call.identity, call.stack, read])
    expect(sent).toHaveLength(18)
    expect(
      sent.filter((line) => line.endsWith(' header = "Authorization: Bearer first"')),
    ).toHaveLength(16)
    expect(stdout).toContain(`ATTACH '${bucket}' AS lake (TYPE iceberg, ENDPOINT_TYPE s3_tables)`)
  })

  test.each([
    ['function-url', 'lambda'],
    ['http-api', 'execute-api'],
  ])('with IAM before a %s each request is signed for %s', async (Endpoint, service) => {
    const outputs = lines(stackOf({ Endpoint, Auth: 'iam', Mode: 'plain' }).outputs)
    const options = { outputs, world: { stranger: '403' }, standIns: serving }
    const { code, calls, sent, stdout } = await runScript('test.sh', here, options)
    const exporting = 'aws configure export-credentials --format env-no-export'
    expect([code, calls]).toEqual([0, [call.identity, call.stack, exporting]])
    const config = `aws-sigv4 = "aws:amz:us-east-1:${service}"; user = "AKID:hidden"; header = "x-amz-security-token: session"`
    expect(sent.filter((line) => line.endsWith(config))).toHaveLength(16)
    expect(stdout).toContain("FROM 's3://databucket/logs/**/*.parquet'")
  })

  test('a server that lets strangers in has failed', async () => {
    const options = {
      outputs: lines(stackOf().outputs),
      world: { stranger: '200' },
      standIns: serving,
    }
    const { code, stderr } = await runScript('test.sh', here, options)
    expect(code).toBe(1)
    expect(stderr).toContain('2 answers were not what they have to be')
  })

  test('without a stack', async () => {
    const { code, stderr } = await runScript('test.sh', here)
    expect(code).toBe(1)
    expect(stderr).toContain('there is no stack stack in us-east-1: infra/deploy.sh makes one')
  })

  test('to a URL, which needs nothing of AWS', async () => {
    const options = { world: { stranger: '200' }, standIns: serving, without: ['aws'] }
    const { code, sent } = await runScript('test.sh', [`${url}/`], options)
    expect([code, sent.length]).toEqual([0, 16])
    expect(sent.filter((line) => !line.startsWith(`${url}/v1/`))).toEqual([])
  })
})

describe('verify-live.sh', () => {
  const world = { stranger: '401', count: '25\n', owed: '5\n0\n' }
  const args = [...here, '--yes']
  const options = { world, standIns: [...serving, 'node'] }
  const told = (stdout: string, word: string): string[] => [
    ...new Set(stdout.match(new RegExp(`^${word} .*$`, 'gm')) ?? []),
  ]

  test('an init that fails: says which condition to look at first', async () => {
    const answer = '{"errorMessage":"cannot make a table: its credentials lack a permission"}'
    const { code, stdout } = await runScript('verify-live.sh', args, {
      ...options,
      world: { ...world, 'function-error': '', answer },
    })
    expect([code, told(stdout, 'FAIL')[0]]).toEqual([1, expect.stringContaining('the template')])
    expect(stdout).toContain(
      'where access was denied, the condition s3tables:namespace is the first',
    )
  })

  test('deploys, sends, sweeps, asks, and removes all of it', async () => {
    const { code, stdout, stderr, calls, asked } = await runScript('verify-live.sh', args, {
      ...options,
      env: { ATHENA_OUTPUT: 's3://results/' },
      world: { ...world, integration: '' },
    })
    expect({ code, stderr, failed: told(stdout, 'FAIL') }).toEqual({
      code: 0,
      stderr: '',
      failed: [],
    })
    expect(stdout).not.toContain('access was denied')
    expect(told(stdout, 'PASS').length).toBeGreaterThanOrEqual(10)
    expect(told(stdout, 'OPEN')).toHaveLength(6)
    const more = ' --parameter-overrides Mode="iceberg" Auth="token" Commit='
    expect(calls.filter((one) => one.startsWith('sam deploy'))).toEqual([
      call.samDeploy(`${more}"inline"`),
      call.samDeploy(`${more}"deferred" CreateTables="false"`),
    ])
    expect(calls).toContain(call.invoke('sweepfunction', 'sweep'))
    expect(calls.filter((one) => one.startsWith('node '))).toEqual(
      ['config', 'stale', 'missing', 'column'].map(
        (question) => `node ${question} ${bucket} otel AKID session`,
      ),
    )
    expect(asked).toContain(`ATTACH '${bucket}' AS lake (TYPE iceberg, ENDPOINT_TYPE s3_tables)`)
    expect(calls.find((one) => one.startsWith('aws athena start-query-execution'))).toContain(
      '--query-execution-context Catalog=s3tablescatalog/stack-tables,Database=otel',
    )
    expect(calls).toContain('aws cloudformation delete-stack --region us-east-1 --stack-name stack')
    expect(calls).toContain(`aws s3tables delete-table-bucket ${inBucket}`)
  })

  test.each([
    ['three pages without any', '0\n0\n0\n', 'OPEN', 3],
    ['no page', '', 'OPEN', 3],
    ['two pages, one with some', '0\n2\n', 'PASS', 1],
  ])('a conflict in the log: %s', async (_, conflicts, word, rounds) => {
    const count = `${rounds * 20 + 5}\n`
    const { code, stdout, calls } = await runScript('verify-live.sh', args, {
      ...options,
      world: { ...world, conflicts, count },
    })
    expect([code, told(stdout, word).filter((line) => line.includes('conflict')).length]).toEqual([
      0, 1,
    ])
    const asked = calls.filter((one) => one.startsWith('aws logs filter-log-events'))
    expect(asked).toHaveLength(rounds)
    expect(asked[0]).toContain(
      '--filter-pattern { ($.commit_retries = *) && ($.reason = "conflict") }',
    )
  })

  test.each([
    ['1000', '25', 20],
    ['20', '23', 18],
    ['10', '13', 8],
  ])(
    'in an account that runs %s at once: %s rows of %s writers a round',
    async (limit, rows, writers) => {
      const { code, stdout } = await runScript('verify-live.sh', args, {
        ...options,
        world: { ...world, limit, count: `${rows}\n` },
      })
      expect([code, told(stdout, 'FAIL')]).toEqual([0, []])
      expect(told(stdout, 'PASS')).toContain(
        `PASS  ${writers} writers at once: all are answered 200 (${writers} were)`,
      )
    },
  )

  test.each([
    ['once the schedule has paid', '0\n5\n0\n', '30', 0, []],
    [
      'never, as if each request still made its commit',
      '0\n',
      '30',
      1,
      ['FAIL  deferred: what was answered is owed until a sweep (0 receipts)'],
    ],
  ])('what is deferred is owed: %s', async (_, owed, rows, ended, failed) => {
    const { code, stdout } = await runScript('verify-live.sh', args, {
      ...options,
      world: { ...world, owed, count: `${rows}\n` },
    })
    expect([code, told(stdout, 'FAIL')]).toEqual([ended, failed])
  })

  test('receipts that another sweep is about to pay are waited for', async () => {
    const { code, stdout, calls } = await runScript('verify-live.sh', args, {
      ...options,
      world: { ...world, owed: '5\n5\n2\n0\n' },
    })
    expect([code, told(stdout, 'FAIL')]).toEqual([0, []])
    const sweeps = calls.filter((one) => one === call.invoke('sweepfunction', 'sweep'))
    expect(sweeps).toHaveLength(4)
  })

  test.each([
    ['stale', '409', 'PASS', 0],
    ['stale', '403', 'OPEN', 0],
    ['stale', '200', 'FAIL', 1],
    ['stale', '500', 'FAIL', 1],
    ['missing', 'GET 403, HEAD 403', 'OPEN', 0],
    ['missing', 'GET 200, HEAD 404', 'FAIL', 1],
    ['column', '400 not here', 'FAIL', 1],
    ['column', 'no answer: fetch failed', 'OPEN', 0],
  ])('S3 Tables, asked for %s, says %s: %s', async (question, answer, word, ended) => {
    const asked = { stale: 'another parent', missing: 'is not there', column: 'can be added' }
    const { code, stdout } = await runScript('verify-live.sh', args, {
      ...options,
      world: { ...world, [question]: `${answer}\n` },
    })
    const about = asked[question as keyof typeof asked]
    expect([code, told(stdout, word).some((line) => line.includes(about))]).toEqual([ended, true])
  })

  test('a missing row fails it, and it tidies up all the same', async () => {
    const { code, stdout, calls } = await runScript('verify-live.sh', args, {
      ...options,
      world: { ...world, count: '24\n' },
    })
    expect([code, told(stdout, 'FAIL')]).toEqual([
      1,
      ['FAIL  DuckDB finds each row once (24 of 25)'],
    ])
    expect(calls).toContain(`aws s3tables delete-table-bucket ${inBucket}`)
  })

  test('a deployment that fails is told, and what there is of it removed', async () => {
    const failing = { ...world, 'function-error': '' }
    const { code, stdout, calls } = await runScript('verify-live.sh', args, {
      ...options,
      world: failing,
    })
    expect(code).toBe(1)
    expect(told(stdout, 'FAIL')[0]).toMatch(/^FAIL {2}the template deploys/)
    expect(calls).toContain('aws cloudformation delete-stack --region us-east-1 --stack-name stack')
  })

  test.each([
    ['not confirmed', { ...options, input: 'yes\n' }, 'nothing was done'],
    ['a stack that is there', { ...options, outputs: lines(stackOf().outputs) }, 'already'],
  ])('%s: nothing is done', async (_, given, words) => {
    const { code, stdout, stderr, calls } = await runScript('verify-live.sh', here, given)
    expect([code, calls]).toEqual([1, [call.identity, call.stack]])
    expect(stderr).toContain(words)
    expect(stdout).toMatch('input' in given ? /some cents/ : /^$/)
  })
})
