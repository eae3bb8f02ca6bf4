import { parseArgs } from 'node:util'
import manifest from '../package.json' with { type: 'json' }
import { type Config, ConfigError, type Environment, readConfig } from '../src/config.ts'
import type { Log } from '../src/log.ts'
import { helpText } from './node/help.ts'
import { destination, startMessage } from './node/start-message.ts'
import type { RunningServer } from './node.ts'
import { createLog } from './shared/logging.ts'

/** What the command line may say; `help.ts` explains it. */
const options = {
  port: { type: 'string' },
  output: { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

type Flags = ReturnType<typeof parse>['values']

const parse = (args: readonly string[]) =>
  parseArgs({ args: [...args], options, allowPositionals: true })

/**
 * Runs the command line. Ends the process with 1 when it cannot do what it is asked.
 *
 * @param wasm parquet-wasm, being compiled meanwhile
 */
export const main = async (
  args: readonly string[],
  env: Environment,
  wasm: Promise<WebAssembly.Module>,
): Promise<void> => {
  const { values, positionals } = attempt(() => parse(args))
  const [command = 'serve', ...rest] = positionals
  if (values.version) return console.log(manifest.version)
  if (values.help) return console.log(helpText(manifest.version))
  if (rest.length > 0) fail([`one command at a time: ${command} ${rest.join(' ')}`])
  if (!isCommand(command)) return fail([`no such command: ${command}; try otlp2parquet --help`])
  const config = attempt(() => configure(values, env))
  if (command === 'serve') await run(config, env, wasm)
  else await lookAfter(command, config)
}

const isCommand = (word: string): word is 'serve' | 'sweep' | 'receipts' =>
  ['serve', 'sweep', 'receipts'].includes(word)

/** Sweeps once, or lists receipts. Ends the process with 1 when receipts are left after the sweep. */
const lookAfter = async (command: 'sweep' | 'receipts', config: Config): Promise<void> => {
  const { sweepNow, listReceipts } = await import('./node/receipt-commands.ts')
  const log = logOf(config)
  const options = { config, version: manifest.version, log, print: console.log }
  try {
    if (command === 'receipts') await listReceipts(options)
    else if (!(await sweepNow(options))) process.exitCode = 1
  } catch (error) {
    fail(describe(error, config))
  }
}

/** The options that stand above a variable. */
const variableOf = {
  port: 'OTLP2PARQUET_LISTEN_ADDR',
  output: 'OTLP2PARQUET_STORAGE_PATH',
  'log-level': 'OTLP2PARQUET_LOG_LEVEL',
} as const

const configure = (flags: Flags, env: Environment): Config => {
  const given = Object.entries(variableOf).flatMap(([flag, variable]) => {
    const text = flags[flag as keyof typeof variableOf]
    return text === undefined ? [] : [{ flag: `--${flag}`, variable, text: text.trim() }]
  })
  const wrong = given.flatMap(({ flag, variable, text }) => {
    const message = problemOf(variable, text)
    return message === undefined ? [] : [{ variable: flag, message }]
  })
  if (wrong.length > 0) throw new ConfigError(wrong)
  const overrides = given.map(({ variable, text }) => [
    variable,
    variable === variableOf.port ? withPort(env[variable], text) : text,
  ])
  try {
    return readConfig({ ...env, ...Object.fromEntries(overrides) }, 'node')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const named = error.problems.map(({ variable, message }) => ({
      variable: given.find((each) => each.variable === variable)?.flag ?? variable,
      message,
    }))
    throw new ConfigError(named)
  }
}

/** What is wrong with an option that its variable would not say, or would say of an address. */
const problemOf = (variable: string, text: string): string | undefined => {
  if (text === '') return 'is empty'
  if (variable !== variableOf.port) return undefined
  const isPort = /^\d{1,5}$/.test(text) && Number(text) <= 65_535
  return isPort ? undefined : 'must be a port from 0 to 65535'
}

const withPort = (address: string | undefined, port: string): string =>
  `${(address?.trim() || '127.0.0.1').replace(/:\d*$/, '')}:${port}`

const run = async (
  config: Config,
  env: Environment,
  wasm: Promise<WebAssembly.Module>,
): Promise<void> => {
  const log = logOf(config)
  // A log that nobody reads any more is no reason to stop.
  process.stderr.on('error', () => {})
  // Loaded here: `--version` and a wrong variable are answered without all the rest.
  const { startServer } = await import('./node.ts')
  const server = await startServer({ config, version: manifest.version, wasm, log }).catch(
    (error: unknown) => fail(describe(error, config)),
  )
  stopOnSignals(server, log, sameSignalMs(env))
  if (config.logFormat === 'text') console.log(startMessage(manifest.version, server.url, config))
  else log('info', 'listening', { url: server.url, destination: destination(config) })
  await server.ready.catch((error: unknown) => fail(describe(error, config)))
}

const logOf = ({ logLevel, logFormat }: Config): Log =>
  createLog({
    level: logLevel,
    format: logFormat,
    write: (line) => process.stderr.write(`${line}\n`),
  })

/** Numbers of the signals, for the exit codes that shells expect. */
const signals = { SIGINT: 2, SIGTERM: 15 } as const

/** Under npm one Ctrl-C comes twice within milliseconds: from the terminal and, passed on, from npm. */
const sameSignalMs = (env: Environment): number => (env.npm_lifecycle_event === undefined ? 0 : 500)

/**
 * The first signal ends the program when every request is answered, a second one at once.
 *
 * @param oneMs milliseconds within which two signals are one
 */
const stopOnSignals = (server: RunningServer, log: Log, oneMs: number): void => {
  let first: number | undefined
  const stop = async (signal: keyof typeof signals): Promise<void> => {
    const now = performance.now()
    if (first !== undefined && now - first < oneMs) return
    if (first !== undefined) process.exit(128 + signals[signal])
    first = now
    log('info', 'stopping: requests in flight are answered first', { signal })
    const cut = await server.drain()
    if (cut > 0) log('warn', 'stopped before every request was answered', { requests: cut })
    process.exit(cut > 0 ? 1 : 0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
}

/** What went wrong at the start, in one line for each thing to mend. */
const describe = (error: unknown, config?: Config): string[] => {
  if (error instanceof ConfigError) {
    return error.problems.map(({ variable, message }) => `${variable}: ${message}`)
  }
  const { host, port } = config?.listenAddr ?? {}
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code === 'EADDRINUSE')
    return [`port ${port} on ${host} is in use: choose another one with --port`]
  if (code === 'EACCES') return [`port ${port} on ${host} needs more rights than this user has`]
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return [`${host} is no address of this machine`]
  // parseArgs goes on with advice that does not fit here.
  if (code?.startsWith('ERR_PARSE_ARGS'))
    return [`${causes(error).split('.')[0]}; try otlp2parquet --help`]
  return [causes(error)]
}

const causes = (error: unknown): string =>
  error instanceof Error
    ? [error.message, ...(error.cause === undefined ? [] : [causes(error.cause)])].join(': ')
    : String(error)

const attempt = <T>(act: () => T): T => {
  try {
    return act()
  } catch (error) {
    return fail(describe(error))
  }
}

const fail = (problems: readonly string[]): never => {
  for (const problem of problems) console.error(`otlp2parquet: ${problem}`)
  process.exit(1)
}
