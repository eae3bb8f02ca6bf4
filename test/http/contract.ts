/**
 * Runs the HTTP contract against a URL: `npm run contract -- URL [--collector] [--group NAME]`.
 * `--collector` expects the OpenTelemetry Collector's answers where they differ on purpose. A group
 * beyond the standard ones needs a server configured as `cases/configured.ts` says.
 */
import { parseArgs } from 'node:util'
import { groups, standard } from './cases/cases.ts'
import { problems } from './check.ts'
import { collector, ours } from './dialect.ts'
import { sendOver } from './send.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    collector: { type: 'boolean' },
    group: { type: 'string' },
    verbose: { type: 'boolean' },
  },
})
const url = positionals[0]
if (url === undefined) {
  console.error('usage: npm run contract -- URL [--collector] [--group NAME] [--verbose]')
  process.exit(2)
}

const send = sendOver(url)
const dialect = values.collector ? collector : ours
const chosen = values.group ? groups.filter(({ name }) => name === values.group) : standard
let passed = 0
let failed = 0
for (const group of chosen) {
  for (const test of group.cases) {
    const wrong = await send(test.request).then(
      (answer) => problems(test, answer, dialect),
      (error: unknown) => [`no answer: ${error}`],
    )
    if (wrong.length === 0) passed++
    else failed++
    for (const line of wrong) console.log(`FAILED ${group.name}: ${test.name}: ${line}`)
    if (values.verbose && wrong.length === 0) console.log(`passed ${group.name}: ${test.name}`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
