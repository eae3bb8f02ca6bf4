// Protects infra/verify-live.sh --target cloudflare: exactly these calls of Wrangler, secrets that no command line shows, what it
// takes for wrong, and that all it made, and nothing else, goes away; and the Worker that counts and empties the bucket.
import { describe, expect, test } from 'vitest'
import bucketWorker from '../../infra/verify/bucket.ts'
import { createR2Fake } from '../storage/r2-fake.ts'
import { type Options, runScript, serving } from './scripted.ts'
import { secretNames } from './secrets.ts'

const name = 'trial'
const args = ['--target', 'cloudflare', '--name', name]
const world = {
  stranger: '401',
  count: '5\n25\n20\n',
  owed: '5\n3\n0\n0\n',
  objects: '500\n20\n0\n',
  broken: '',
  secrets: '',
  table: `{"metadata":{"location": "s3://${name}/__r2_data_catalog/1"},"config":{"s3.access-key-id":"a"}}`,
}
const keys = {
  OTLP2PARQUET_R2_ACCOUNT_ID: '0123456789abcdef0123456789abcdef',
  OTLP2PARQUET_R2_ACCESS_KEY_ID: 'key',
  OTLP2PARQUET_R2_SECRET_ACCESS_KEY: 'hidden',
}
const options = { world, standIns: [...serving, 'npx'] }
const verify = async (more: readonly string[] = ['--yes'], given: Options = {}) => {
  const ran = await runScript('verify-live.sh', [...args, ...more], {
    ...options,
    ...given,
    world: { ...world, ...given.world },
  })
  const calls = ran.calls.map((call) =>
    call.replace('npx --yes wrangler ', '').replace(/ \S*\/tmp\.\w+\//g, ' '),
  )
  const told = (word: string) => [
    ...new Set(ran.stdout.match(new RegExp(`^${word} +(.*)$`, 'gm')) ?? []),
  ]
  return { ...ran, calls, told }
}

const looks = [
  'whoami --json',
  `r2 bucket info ${name} --json`,
  `deployments list --name ${name}`,
  `deployments list --name ${name}-bucket`,
]
const program = 'deploy --config program.toml'
const file = `${program} --var OTLP2PARQUET_ICEBERG_CATALOG:file --var OTLP2PARQUET_COMMIT:`
const begin = [
  ...looks,
  `r2 bucket create ${name}`,
  'secret put TOKEN --config bucket.toml',
  'deploy --config bucket.toml',
]
const work = [
  'secret put OTLP2PARQUET_AUTH_TOKENS --config program.toml',
  program,
  `${file}inline`,
  `${file}deferred`,
]
const uri = `https://catalog.cloudflarestorage.com/${keys.OTLP2PARQUET_R2_ACCOUNT_ID}/${name}`
const warehouse = `${keys.OTLP2PARQUET_R2_ACCOUNT_ID}_${name}`
const goes = {
  program: `delete ${name} --force --config program.toml`,
  catalog: `r2 bucket catalog disable ${name}`,
  counter: `delete ${name}-bucket --force --config bucket.toml`,
  bucket: `r2 bucket delete ${name}`,
}

describe('with everything given', () => {
  const given = { env: { ...keys, OTLP2PARQUET_ICEBERG_TOKEN: 'catalog-token' } }

  test('deploys, sends in three modes, waits, asks, and removes all of it', async () => {
    const { code, stdout, stderr, calls, told, asked, sent } = await verify(['--yes'], given)
    expect({ code, stderr, failed: told('FAIL') }).toEqual({ code: 0, stderr: '', failed: [] })
    expect(calls).toEqual([
      ...begin,
      ...work,
      `r2 bucket catalog enable ${name}`,
      'secret put OTLP2PARQUET_ICEBERG_TOKEN --config program.toml',
      `${program} --var OTLP2PARQUET_ICEBERG_REST_URI:${uri} --var OTLP2PARQUET_ICEBERG_WAREHOUSE:${warehouse}`,
      ...Object.values(goes),
    ])
    expect(told('PASS').length).toBeGreaterThanOrEqual(25)
    expect(told('OPEN')).toHaveLength(5)
    expect(asked).toContain(`FROM 's3://${name}/logs/**/*.parquet'`)
    expect(asked).toContain(`iceberg_scan('s3://${name}/otel/logs')`)
    expect(asked).toContain(`ATTACH '${warehouse}' AS lake (TYPE iceberg, ENDPOINT '${uri}')`)
    // A variable of a deployment can be read by whoever sees the Worker's settings.
    for (const name of secretNames) expect(calls.join('\n')).not.toContain(`--var ${name}`)
    // Neither what is printed nor a command line shows a secret: the program's, the counting Worker's, the catalog's.
    const tokens = new Set(sent.map((line) => /Bearer (\S+)"/.exec(line)?.[1]).filter(Boolean))
    expect(tokens.size).toBe(3)
    const seen = [stdout, ...calls, ...sent.map((line) => line.split(' ')[0])].join('\n')
    for (const secret of tokens) expect(seen).not.toContain(secret)
    const commands = asked.split('\n').filter((line) => line.startsWith('duckdb '))
    expect([...new Set(commands)]).toEqual(['duckdb -csv -noheader'])
    expect(seen).not.toContain('hidden')
  })

  test('what is not as it has to be fails it, and it tidies up all the same', async () => {
    const wrong = {
      stranger: '200',
      broken: 'not: one wins\n',
      count: '5\n24\n20\n',
      owed: '5\n',
      table: '{}',
      objects: '500\n',
    }
    const { code, told, calls } = await verify(['--yes'], { ...given, world: wrong })
    expect(code).toBe(1)
    expect(told('FAIL')).toEqual([
      expect.stringMatching(/R2's binding compares .*: not: one wins$/),
      expect.stringMatching(/plain: every signal in every encoding is stored$/),
      expect.stringMatching(/the file catalog: every signal is stored$/),
      expect.stringMatching(/the cron trigger comes, .* \(5 left\)$/),
      expect.stringMatching(/the file catalog: DuckDB .* \(24 of 25\)$/),
      expect.stringMatching(/R2's catalog: namespace and tables are made/),
      expect.stringMatching(/R2's catalog: the cron trigger pays what is owed \(5 left\)$/),
      expect.stringMatching(/a loaded table comes with credentials for its files$/),
      expect.stringMatching(/its tables lie in the bucket/),
      expect.stringMatching(/the bucket is emptied$/),
      expect.stringMatching(/the bucket goes away$/),
    ])
    expect(calls.slice(-4)).toEqual(Object.values(goes))
  })

  test('a catalog that cannot be enabled is told, and nothing of it tried', async () => {
    const { code, told, calls } = await verify(['--yes'], {
      ...given,
      world: { 'fails-catalog': '' },
    })
    expect([code, told('FAIL')]).toEqual([1, ["FAIL  R2's catalog can be enabled"]])
    expect(calls.slice(-5)).toEqual([`r2 bucket catalog enable ${name}`, ...Object.values(goes)])
  })
})

test('with nothing given the rest is open', async () => {
  const { code, calls, told } = await verify()
  expect([code, told('FAIL')]).toEqual([0, []])
  expect(calls).toEqual([...begin, ...work, goes.program, goes.counter, goes.bucket])
  expect(told('OPEN').join('\n')).toMatch(
    /OTLP2PARQUET_R2_ACCOUNT_ID[\s\S]*OTLP2PARQUET_ICEBERG_TOKEN is not set/,
  )
})

test.each([
  ['the bucket cannot be made', 'fails-bucket', [`r2 bucket create ${name}`]],
  [
    'the counting Worker cannot be deployed',
    `fails-${name}-bucket`,
    ['deploy --config bucket.toml', goes.counter, goes.bucket],
  ],
  [
    'the Worker cannot be deployed',
    `fails-${name}`,
    [program, goes.program, goes.counter, goes.bucket],
  ],
])('%s: what was made goes away, and nothing else', async (_, failing, last) => {
  const { code, stderr, calls } = await verify(['--yes'], { world: { [failing]: '' } })
  expect([code, calls.slice(-last.length)]).toEqual([1, last])
  expect(stderr).toContain('A request to the Cloudflare API failed.')
})

test('--keep leaves it, and says what', async () => {
  const { code, stdout, calls } = await verify(['--yes', '--keep'])
  expect([code, calls]).toEqual([0, [...begin, ...work]])
  expect(stdout).toContain(
    `left as they are: the Workers ${name} and ${name}-bucket, and the bucket ${name}`,
  )
})

describe('nothing is done', () => {
  test.each([
    ['another word', 'yes\n'],
    ['nothing', ''],
  ])('%s typed', async (_, input) => {
    const { code, stdout, stderr, calls } = await verify([], { input })
    expect([code, calls]).toEqual([1, looks])
    expect(stdout).toContain(`make a bucket ${name}, and two Workers`)
    expect(stderr).toContain('nothing was done')
  })
  test('without an account', async () => {
    const { code, stderr, calls } = await verify(['--yes'], { world: { nobody: '' } })
    expect([code, calls]).toEqual([1, looks.slice(0, 1)])
    expect(stderr).toMatch(/Cloudflare does not know you: npx wrangler login/)
  })
  test.each(['npx', 'curl', 'node'])('without %s', async (tool) => {
    const { code, stderr, calls } = await verify(['--yes'], { without: [tool] })
    expect([code, calls]).toEqual([1, []])
    expect(stderr).toContain(`needs ${tool}, `)
  })
  test.each([
    [['--target', 'mars'], /--target is aws or cloudflare; try infra\/verify-live\.sh --help/],
    [['--target'], /--target needs a value/],
    [['--target', 'cloudflare', '--name', 'Upper'], /--name is of 3 to 52 lower-case/],
    [['--target', 'cloudflare', '--name'], /--name needs a value/],
    [
      ['--region', 'x', '--target', 'cloudflare'],
      /what is --region; try .* --target cloudflare --help/,
    ],
  ])('%j', async (wrong, words) => {
    const { code, stderr, calls } = await runScript('verify-live.sh', wrong, options)
    expect([code, calls]).toEqual([2, []])
    expect(stderr).toMatch(words)
  })
  test('--help', async () => {
    const { code, stdout, calls } = await verify(['--help'])
    expect([code, calls]).toEqual([0, []])
    expect(stdout).toMatch(/^usage: infra\/verify-live\.sh --target cloudflare /)
  })
})

describe('the Worker beside the bucket', () => {
  const ask = async (
    fake: ReturnType<typeof createR2Fake>,
    method: string,
    path = '/',
    token = 't',
  ) => {
    const headers = { Authorization: `Bearer ${token}` }
    const env = { BUCKET: fake.bucket, TOKEN: 't' }
    const answer = await bucketWorker.fetch(
      new Request(`http://x${path}`, { method, headers }),
      env,
    )
    return [answer.status, await answer.text()]
  }
  const filled = (count: number) => {
    const fake = createR2Fake()
    for (let i = 0; i < count; i++) fake.store(`${i % 2 ? 'a' : 'b'}/${i}`, new Uint8Array(1))
    return fake
  }

  test('asks for its token', async () => {
    const fake = filled(1)
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect(await ask(fake, method, '/', 'other')).toEqual([401, ''])
    }
    expect(fake.calls).toEqual([])
    // Before the secret is put there is none to know.
    const without = { BUCKET: fake.bucket } as Parameters<typeof bucketWorker.fetch>[1]
    const headers = { Authorization: 'Bearer undefined' }
    const answer = await bucketWorker.fetch(new Request('http://x/', { headers }), without)
    expect(answer.status).toBe(401)
  })
  test('counts, page by page', async () => {
    const fake = filled(7)
    fake.pageSizes = [2, 0, 1]
    expect(await ask(fake, 'GET', '/?prefix=a/')).toEqual([200, '3'])
    expect(await ask(fake, 'GET')).toEqual([200, '7'])
  })
  test('empties, some at once', async () => {
    const fake = filled(620)
    expect(await ask(fake, 'DELETE')).toEqual([200, '500'])
    expect(await ask(fake, 'DELETE')).toEqual([200, '120'])
    expect(await ask(fake, 'DELETE')).toEqual([200, '0'])
  })
  test('finds conditions that hold, and leaves nothing', async () => {
    const fake = filled(0)
    expect(await ask(fake, 'POST')).toEqual([200, ''])
    expect(fake.objects.size).toBe(0)
  })
  test('tells of a bucket that ignores them', async () => {
    const fake = filled(0)
    const put = (key: string, bytes: Uint8Array) => fake.bucket.put(key, bytes)
    const [, text] = await ask({ ...fake, bucket: { ...fake.bucket, put } }, 'POST')
    expect(text).toMatch(/^not: of two puts .*\nnot: of two swaps /)
  })
})
