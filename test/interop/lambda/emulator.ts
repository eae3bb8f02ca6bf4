/** AWS's emulator of Lambda with AWS's runtime for Node in it, and a function of ours in that. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { functionMb, lambdaOptions } from '../../tools/lambda-node.ts'
import { freePort, peers } from '../programs.ts'

const machine = process.arch === 'x64' ? 'x86_64' : process.arch
const emulator = `${peers}/lambda/samcli/local/rapid/aws-lambda-rie-${machine}`
const runtime = `${peers}/ric/node_modules/aws-lambda-ric/index.mjs`

export interface FunctionOptions {
  /** The folder that the archive was unpacked in. */
  readonly task: string
  /** `lambda.handler` without it. */
  readonly handler?: string
  readonly env?: Readonly<Record<string, string>>
  /** Seconds: the function's timeout. */
  readonly timeout?: number
  /** Options of Node beside Lambda's. */
  readonly node?: readonly string[]
}

/** A function, in one environment: what it is asked at once it answers one after the other. */
export interface EmulatedFunction {
  /** Invokes it; an error of it, or of the emulator about it, is an answer too, and a timeout is a text. */
  readonly invoke: (event: unknown) => Promise<unknown>
  /** All that was logged so far. */
  readonly log: () => string
  /** The lines of JSON among it. */
  readonly lines: () => Record<string, unknown>[]
  /** The process that runs the function, once it was invoked. */
  readonly pid: () => number | undefined
  /** Sends that process a signal; whether there was one. */
  readonly kill: (signal: NodeJS.Signals) => boolean
  /** Whether the emulator itself is gone. */
  readonly hasEnded: () => boolean
  readonly stop: () => Promise<void>
}

/** How often an emulator is started: a port that was free may be another's by the time it is asked for. */
const attempts = 3

/**
 * Starts the emulator. As in Lambda's own, the function is loaded when it is first invoked.
 * @throws with what was logged when it ends at once
 */
export const startFunction = async (options: FunctionOptions): Promise<EmulatedFunction> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options)
    } catch (error) {
      if (attempt === attempts) throw error
    }
  }
}

const startOnce = async (options: FunctionOptions): Promise<EmulatedFunction> => {
  const { task, handler = 'lambda.handler', env = {}, timeout = 60, node = [] } = options
  const [port, runtimePort] = [await freePort(), await freePort()]
  const addresses = [
    ['--runtime-interface-emulator-address', `127.0.0.1:${port}`],
    ['--runtime-api-address', `127.0.0.1:${runtimePort}`],
  ].flat()
  const command = [process.execPath, ...lambdaOptions, ...node, runtime, handler]
  const child = spawn(emulator, [...addresses, ...command], {
    cwd: task,
    // No more than Lambda has: what a developer has configured would show.
    env: {
      PATH: process.env.PATH,
      LAMBDA_TASK_ROOT: task,
      AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeout),
      AWS_LAMBDA_FUNCTION_NAME: 'otlp2parquet',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(functionMb),
      ...env,
    },
  })
  const said: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', () => resolve())
    child.once('error', reject)
  })
  const log = () => Buffer.concat(said).toString()
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const pid = () => (hasEnded() ? undefined : childOf(child.pid ?? 0))
  const kill = (signal: NodeJS.Signals): boolean => {
    const running = pid()
    return running !== undefined && read(() => process.kill(running, signal), false)
  }
  const stop = async () => {
    // Nobody else would end it.
    kill('SIGKILL')
    child.kill('SIGKILL')
    await ended
  }
  while (!(await listens(port))) {
    if (hasEnded()) throw new Error(`the emulator ended:\n${log()}`)
  }
  const url = `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`
  const invoke = inTurn(async (event: unknown) => {
    const text = await (await fetch(url, { method: 'POST', body: JSON.stringify(event) })).text()
    return text.startsWith('{') ? JSON.parse(text) : text
  })
  return {
    invoke,
    log,
    lines: () => log().split('\n').flatMap(jsonOf),
    pid,
    kill,
    hasEnded,
    stop,
  }
}

/** Two at once would end the emulator. */
const inTurn = <In, Out>(work: (input: In) => Promise<Out>) => {
  let last: Promise<unknown> = Promise.resolve()
  return (input: In): Promise<Out> => {
    const result = last.then(() => work(input))
    last = result.catch(() => {})
    return result
  }
}

const jsonOf = (line: string): Record<string, unknown>[] =>
  line.startsWith('{') ? [JSON.parse(line)] : []

/** Whichever thread started it. A thread, and the process as a whole, may end while we look. */
const childOf = (pid: number): number | undefined => {
  const tasks = `/proc/${pid}/task`
  const children = read(() => readdirSync(tasks), []).flatMap((task) =>
    read(() => readFileSync(`${tasks}/${task}/children`, 'latin1'), '').split(' '),
  )
  const child = children.find((text) => text !== '')
  return child === undefined ? undefined : Number(child)
}

/** What is read of a process, or `gone` where there is none any more. */
const read = <Value>(look: () => Value, gone: Value): Value => {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return gone
    throw error
  }
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => setTimeout(resolve, 5, false))
  })
