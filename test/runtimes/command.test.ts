// Protects the command line: what a start says can be copied and works, and whatever is wrong is said in one list, with exit code 1.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { variables } from '../../src/config/variables.ts'
import { freePort } from '../interop/programs.ts'
import { ask } from '../tools/duckdb.ts'
import { selfSigned } from './certificate.ts'
import { runProgram, spawnProgram, startProgram, temporaryFolder } from './program.ts'

const execute = promisify(execFile)

const listening = async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

/** What a shell does with a line; `duckdb` there only prints its arguments. */
const shell = async (line: string, env: Readonly<Record<string, string>> = {}): Promise<string> => {
  const script = `duckdb() { printf '%s\\n' "$@"; }\n${line}`
  const { stdout } = await execute('sh', ['-c', script], { env: { ...process.env, ...env } })
  return stdout
}

/** The line behind a word of the start's message. */
const told = (message: string, word: string): string =>
  new RegExp(`^ +${word} +(.*)$`, 'm').exec(message)?.[1] ?? ''

describe('what a start says', () => {
  const pem = selfSigned()
  const withFiles = (folder: string) => {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    writeFileSync(cert, pem.cert)
    writeFileSync(key, pem.key)
    return { OTLP2PARQUET_TLS_CERT: cert, OTLP2PARQUET_TLS_KEY: key }
  }
  const cases: [what: string, env: (folder: string) => Record<string, string>, data: string][] = [
    ['with nothing set', () => ({}), 'data'],
    ['for a folder that a shell and SQL would trip over', () => ({}), `it's "my" $HOME \`ls\``],
    ['below a base path', () => ({ OTLP2PARQUET_BASE_PATH: '/otlp' }), 'data'],
    [
      'for bearers of a token',
      () => ({ OTLP2PARQUET_AUTH: 'bearer', OTLP2PARQUET_AUTH_TOKENS: 'first,hunter2' }),
      'data',
    ],
    [
      'for users with a password',
      () => ({ OTLP2PARQUET_AUTH: 'basic', OTLP2PARQUET_AUTH_TOKENS: 'user:password' }),
      'data',
    ],
    ['over TLS', withFiles, 'data'],
  ]
  test.concurrent.each(cases)('%s can be copied and works', async (_what, env, data) => {
    const folder = join(temporaryFolder(), data)
    const set = env(temporaryFolder())
    const { said, url } = await startProgram({ folder, env: set })
    expect(said.stdout.trimEnd().split('\n')).toHaveLength(5)
    expect(told(said.stdout, 'listens on')).toContain(url)
    expect(told(said.stdout, 'writes to')).toBe(`${folder} (plain Parquet, zstd)`)
    const answer = await shell(told(said.stdout, 'send'), { TOKEN: 'hunter2' })
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/)
    const [flag, sql = ''] = (await shell(told(said.stdout, 'query'))).trimEnd().split('\n')
    expect(flag).toBe('-c')
    expect(await ask(sql, 'nowhere')).toMatchObject([{ ServiceName: 'hello', Body: 'Hello, lake' }])
    expect(said.stderr + said.stdout).not.toContain('hunter2')
  })

  test('in Iceberg mode it says so, and the query asks the table', async () => {
    const env = { OTLP2PARQUET_ICEBERG_CATALOG: 'file', OTLP2PARQUET_ICEBERG_TABLE_LOGS: 'lines' }
    const { said, folder } = await startProgram({ env })
    expect(told(said.stdout, 'writes to')).toBe(
      `${folder} (Iceberg without a service, namespace otel)`,
    )
    expect(told(said.stdout, 'query')).toContain(`FROM iceberg_scan('${folder}/otel/lines')`)
  })

  test('with a REST catalog the query attaches it, and asks for a token only where there is one', async () => {
    const uri = 'http://127.0.0.1:9/it'
    const query = async (env: Readonly<Record<string, string>>) => {
      const { said } = await startProgram({ env: { OTLP2PARQUET_ICEBERG_REST_URI: uri, ...env } })
      return told(said.stdout, 'query')
    }
    const attached = `ATTACH '' AS lake (TYPE iceberg, ENDPOINT '${uri}'`
    expect(await query({})).toContain(`${attached}, AUTHORIZATION_TYPE 'none');`)
    expect(await query({ OTLP2PARQUET_ICEBERG_TOKEN: 'hunter2' })).toContain(`${attached});`)
    const aws = {
      OTLP2PARQUET_ICEBERG_REST_URI: 'https://glue-fips.us-east-1.amazonaws.com/iceberg',
    }
    expect(await query(aws)).toContain("ATTACH '' AS lake (TYPE iceberg, ENDPOINT_TYPE glue);")
  })

  test('as JSON: one line, on the same stream as all others', async () => {
    const { said, url, folder } = await startProgram({ env: { OTLP2PARQUET_LOG_FORMAT: 'json' } })
    expect(said.stdout).toBe('')
    const lines = said.stderr.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', message: 'listening', url, destination: `${folder} (plain Parquet, zstd)` },
    ])
  })
})

test.concurrent('nothing but a start: it listens on 127.0.0.1:4318 and writes to ./data', async () => {
  const { stdout } = await runProgram({ args: ['--help'] })
  expect(stdout).toContain(`${variables.listenAddr.name} [127.0.0.1:4318]`)
  expect(stdout).toContain(`${variables.storagePath.name} [./data]`)
})

test.concurrent.each(['--version', '-v'])('%s', async (flag) => {
  const ended = await runProgram({ args: [flag] })
  expect(ended).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
})

test.concurrent.each(['--help', '-h'])('%s names every option and variable', async (flag) => {
  const { code, stdout, stderr } = await runProgram({ args: [flag] })
  const names = Object.values(variables).map(({ name }) => name)
  const options = ['--port', '--output', '--log-level', '--help', '--version']
  expect([...names, ...options].filter((name) => !stdout.includes(name))).toEqual([])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

describe('what is wrong is one line each, and exit code 1', () => {
  const env = (settings: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`OTLP2PARQUET_${name}`, value]),
    )
  const cases: [args: string[], env: Record<string, string>, lines: RegExp[]][] = [
    [['--port', '99999'], {}, [/^--port: must be a port from 0 to 65535$/]],
    [['--port', 'http'], {}, [/^--port: must be a port from 0 to 65535$/]],
    [['--port', '::1:80'], {}, [/^--port: must be a port from 0 to 65535$/]],
    [['--port', ''], {}, [/^--port: is empty$/]],
    [['--output', ''], {}, [/^--output: is empty$/]],
    [['--log-level', 'loud'], {}, [/^--log-level: must be one of debug, info, warn, error$/]],
    [['--bogus'], {}, [/^Unknown option '--bogus'; try otlp2parquet --help$/]],
    [['--port'], {}, [/'--port <value>' argument missing; try otlp2parquet --help$/]],
    [['bake'], {}, [/^no such command: bake; try otlp2parquet --help$/]],
    ...['sweep', 'receipts'].map((command): [string[], Record<string, string>, RegExp[]] => [
      [command],
      {},
      [
        /^there are no receipts: they need a file catalog, or a REST catalog with OTLP2PARQUET_STATE_BUCKET$/,
      ],
    ]),
    [['serve', 'twice'], {}, [/^one command at a time: serve twice$/]],
    [
      [],
      { DEDUPE: 'maybe', ROW_GROUP_SIZE: 'x', LISTEN_ADDRESS: 'hunter2', CATALOG_MODE: 'rest' },
      [
        /^OTLP2PARQUET_LISTEN_ADDRESS: .*OTLP2PARQUET_LISTEN_ADDR\?$/,
        /^OTLP2PARQUET_CATALOG_MODE: /,
        /^OTLP2PARQUET_DEDUPE: must be on or off$/,
        /^OTLP2PARQUET_ROW_GROUP_SIZE: /,
      ],
    ],
    [[], { LISTEN_ADDR: '0.0.0.0:0' }, [/^OTLP2PARQUET_AUTH: must be chosen /]],
    [[], { AUTH: 'basic', AUTH_TOKENS: 'hunter2' }, [/^OTLP2PARQUET_AUTH_TOKENS: must hold /]],
    [['--port', '0'], { TLS_CERT: 'gone', TLS_KEY: 'gone' }, [/^cannot read gone: ENOENT/]],
    [['--port', '0', '--output', 'package.json'], {}, [/package\.json/]],
    [['--port', '0', '--output', '/proc/x'], {}, [/^storage is unavailable: .*'\/proc\/x'$/]],
    [['--port', '0', '--output', '/proc/x/y'], {}, [/^storage is unavailable: .*'\/proc\/x'$/]],
    ...['runs #1', 'runs?'].map((folder): [string[], Record<string, string>, RegExp[]] => [
      ['--port', '0', '--output', join(temporaryFolder(), folder)],
      { ICEBERG_CATALOG: 'file' },
      [/^OTLP2PARQUET_STORAGE_PATH: must not hold # or \? where tables are Iceberg's: .*\/runs/],
    ]),
    [[], { LISTEN_ADDR: '192.0.2.1:0', AUTH: 'none' }, [/^192\.0\.2\.1 is no address of this/]],
  ]
  test.concurrent.each(cases)('%j %j', async (args, settings, lines) => {
    const { code, stdout, stderr } = await runProgram({ args, env: env(settings) })
    const said = stderr.trimEnd().split('\n')
    expect(said.map((line) => line.replace(/^otlp2parquet: /, ''))).toEqual(
      lines.map((line) => expect.stringMatching(line)),
    )
    expect(said.filter((line) => !line.startsWith('otlp2parquet: '))).toEqual([])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).not.toContain('hunter2')
  })

  test('a port in use', async () => {
    const { server, port } = await listening()
    const args = ['--port', `${port}`, '--output', temporaryFolder()]
    const { code, stderr } = await runProgram({ args })
    server.close()
    expect(stderr).toBe(
      `otlp2parquet: port ${port} on 127.0.0.1 is in use: choose another one with --port\n`,
    )
    expect(code).toBe(1)
  })
})

test('nobody reads what it says any more: it serves all the same', async () => {
  const port = await freePort()
  const program = spawnProgram({
    file: 'sh',
    // The program's output ends in a process that is gone by then.
    command: ['-c', '"$0" "$@" 2>&1 | :', process.execPath, 'runtimes/cli.ts'],
    args: ['--port', `${port}`, '--output', temporaryFolder(), '--log-level', 'debug'],
    detached: true,
  })
  const health = () => fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)
  await expect.poll(async () => (await health())?.status).toBe(200)
  const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
  expect((await fetch(`http://127.0.0.1:${port}/v1/logs`, body)).status).toBe(200)
  expect((await health())?.status).toBe(200)
  process.kill(-program.pid, 'SIGKILL')
})
