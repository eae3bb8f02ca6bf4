/** Runs the HTTP contract against a URL: `npm run contract -- URL`; `--help` says more. */
import { parseArgs } from 'node:util'
import type { Group } from './case.ts'
import { groups, standard } from './cases/cases.ts'
import { problems } from './check.ts'
import { collector, type Dialect, ours } from './dialect.ts'
import { type Send, sendOver } from './send.ts'

const names = groups.map(({ name }) => name).join(', ')

const help = `usage: npm run contract -- URL [options]

Sends every case of the OTLP/HTTP contract to URL (what stands before /v1/logs) and says what is
answered otherwise. Good cases are stored there: use a server whose data you can throw away.

  --collector           expect what the OpenTelemetry Collector's receiver, 0.161, answers otherwise
  --header 'NAME: TEXT' send this header with every case, for credentials; may be repeated
  --group NAME          only this group; those beyond the standard ones need a server that is
                        configured as test/http/cases/configured.ts says
  --verbose             name the cases that pass, too
  --help

groups: ${names}

exit code: 0 when every case passed, 1 when one failed, 2 when nothing was tried`

const options = {
  collector: { type: 'boolean' },
  group: { type: 'string' },
  header: { type: 'string', multiple: true },
  verbose: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

interface Arguments {
  readonly send: Send
  readonly chosen: readonly Group[]
  readonly dialect: Dialect
  readonly verbose: boolean
}

/** What the command line asks for. @throws an error that says what is wrong with it */
const readArguments = (): Arguments | undefined => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options })
  if (values.help) return undefined
  const [url = '', ...more] = positionals
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '') || more.length > 0) {
    throw new Error('give one URL, such as http://127.0.0.1:4318')
  }
  const chosen = values.group ? groups.filter(({ name }) => name === values.group) : standard
  if (chosen.length === 0) throw new Error(`there is no such group; there are ${names}`)
  return {
    send: sendOver(url, Object.fromEntries((values.header ?? []).map(readHeader))),
    chosen,
    dialect: values.collector ? collector : ours,
    verbose: values.verbose ?? false,
  }
}

const readHeader = (text: string): [string, string] => {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) throw new Error("--header wants 'NAME: TEXT'")
  return [name, value]
}

/** Sends every case, one after the other, and prints what is wrong; the number of cases that failed. */
const run = async ({ send, chosen, dialect, verbose }: Arguments): Promise<number> => {
  let failed = 0
  for (const group of chosen) {
    for (const test of group.cases) {
      const wrong = await send(test.request).then(
        (answer) => problems(test, answer, dialect),
        (error: unknown) => [`no answer: ${error}`],
      )
      if (wrong.length > 0) failed++
      for (const line of wrong) console.log(`FAILED ${group.name}: ${test.name}: ${line}`)
      if (verbose && wrong.length === 0) console.log(`passed ${group.name}: ${test.name}`)
    }
  }
  return failed
}

const count = (chosen: readonly Group[]) => chosen.reduce((sum, { cases }) => sum + cases.length, 0)

const summary = (chosen: readonly Group[], failed: number): string => {
  const left = groups.filter((group) => !chosen.includes(group))
  const needy = left.filter(({ configuration }) => configuration !== undefined)
  const leftOut =
    needy.length === 0
      ? ''
      : `, ${count(needy)} left out: they need a server configured for them (--group ${needy.map(({ name }) => name).join(' | ')})`
  return `${count(chosen) - failed} passed, ${failed} failed${leftOut}`
}

try {
  const given = readArguments()
  if (given === undefined) console.log(help)
  else {
    const failed = await run(given)
    console.log(summary(given.chosen, failed))
    process.exitCode = failed > 0 ? 1 : 0
  }
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${help}`)
  process.exitCode = 2
}
