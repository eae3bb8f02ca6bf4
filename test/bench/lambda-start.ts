/** Cold starts of the function on Lambda beside an empty function, under AWS's emulator. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFunction } from '../interop/lambda/emulator.ts'
import { cpuOf } from './measure.ts'

export interface LambdaStart {
  readonly name: string
  /** From the first invocation, which starts a process for it, to its answer; the median. */
  readonly milliseconds: number
  /** CPU time of that process by then; the median. */
  readonly cpuMilliseconds: number
}

/** What any function costs: the process, the runtime and the way there and back. */
const emptyFunction = `export const handler = async () => ({ statusCode: 200, body: '' })`

/**
 * Starts both functions in turns, so that what else the machine does hits both. The first round warms the machine's
 * caches and is not counted.
 *
 * @param task the folder of the built function
 * @param event a request that is answered with 200
 */
export const lambdaStarts = async (
  task: string,
  event: object,
  rounds = 11,
): Promise<readonly [empty: LambdaStart, ours: LambdaStart]> => {
  const folder = mkdtempSync(join(tmpdir(), 'otlp2parquet-lambda-start-'))
  writeFileSync(join(folder, 'lambda.mjs'), emptyFunction)
  const [empty, ours]: [Start[], Start[]] = [[], []]
  try {
    for (let round = -1; round < rounds; round++) {
      for (const [starts, of] of [
        [empty, folder],
        [ours, task],
      ] as const) {
        const start = await startOnce(of, event, join(folder, `data-${round}`))
        if (round >= 0) starts.push(start)
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return [medians('empty function', empty), medians('otlp2parquet', ours)]
}

interface Start {
  readonly wall: number
  readonly cpu: number
}

const startOnce = async (task: string, event: object, data: string): Promise<Start> => {
  const env = {
    OTLP2PARQUET_STORAGE_BACKEND: 'fs',
    OTLP2PARQUET_STORAGE_PATH: data,
    OTLP2PARQUET_AUTH: 'none',
  }
  const started = await startFunction({ task, env })
  try {
    const before = performance.now()
    const answer = await started.invoke(event)
    const wall = performance.now() - before
    if ((answer as { statusCode?: number }).statusCode !== 200) {
      throw new Error(`no 200: ${JSON.stringify(answer)}\n${started.log()}`)
    }
    return { wall, cpu: cpuOf(started.pid() ?? 0) / 1000 }
  } finally {
    await started.stop()
  }
}

const medians = (name: string, starts: readonly Start[]): LambdaStart => ({
  name,
  milliseconds: median(starts.map(({ wall }) => wall)),
  cpuMilliseconds: median(starts.map(({ cpu }) => cpu)),
})

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
