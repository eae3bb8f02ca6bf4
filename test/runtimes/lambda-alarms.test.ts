// Protects whoever is to be woken: what the function writes of each trouble is what the alarm of template.yaml counts, by its
// filter, its metric and its threshold, and what infra/aws.md shows for it; and without trouble no alarm sounds.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import {
  environmentOf,
  type Json,
  type Members,
  type Resource,
  stackOf,
} from '../infra/template.ts'
import { type Trouble, troubles } from './lambda-troubles.ts'

const page = readFileSync(join(import.meta.dirname, '../../infra/aws.md'), 'utf8')
const stack = stackOf()
const ofType = (type: string): [name: string, resource: Resource][] =>
  Object.entries(stack.resources).filter(([, { Type }]) => Type === type)

const written = new Map<Trouble, readonly string[]>()
beforeAll(async () => {
  for (const [name, provoke] of Object.entries(troubles)) {
    written.set(name as Trouble, await provoke())
  }
})

type Line = Readonly<Record<string, unknown>>
const linesOf = (trouble: Trouble): readonly Line[] =>
  (written.get(trouble) ?? []).map((line) => JSON.parse(line))

/** CloudWatch's filter patterns for JSON, as far as the template goes ("Filter pattern syntax for metric filters"). */
const matches = (pattern: string, line: Line): boolean => {
  const [, inner = ''] = /^\{ (.+) \}$/.exec(pattern) ?? []
  return inner.split(' && ').every((term) => {
    const [, name = '', wanted = ''] = /^\(?\$\.(\w+) = (\*|"[\w*]+")\)?$/.exec(term) ?? []
    if (name === '') throw new Error(`not known here: ${term}`)
    const value = line[name]
    if (wanted === '*') return value !== undefined
    const form = new RegExp(`^${wanted.slice(1, -1).replaceAll('*', '.*')}$`)
    return typeof value === 'string' && form.test(value)
  })
}

interface Point {
  readonly name: string
  readonly value: number
}

/** What the stack's filters make of lines. */
const pointsOf = (lines: readonly Line[]): readonly Point[] =>
  ofType('AWS::Logs::MetricFilter').flatMap(([, { Properties }]) => {
    const [made] = Properties.MetricTransformations as Members[]
    const field = String(made?.MetricValue).replace(/^\$\./, '')
    return lines
      .filter((line) => matches(String(Properties.FilterPattern), line))
      .map((line) => ({ name: String(made?.MetricName), value: Number(line[field]) }))
  })

/** The stack's own namespace. */
const namespace = 'otlp2parquet/stack'

const statistics: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Maximum: (values) => Math.max(...values),
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  SampleCount: (values) => values.length,
}

/** The figure of an alarm in a period; undefined where it has none. */
const figureOf = (
  { Properties: alarm }: Resource,
  points: readonly Point[],
): number | undefined => {
  const figure = (name: Json | undefined, statistic: Json | undefined): number | undefined => {
    const values = points.filter((point) => point.name === name).map(({ value }) => value)
    const work = statistics[String(statistic)]
    return values.length === 0 ? undefined : work?.(values)
  }
  if (alarm.Metrics === undefined) return figure(alarm.MetricName, alarm.Statistic)
  const all = alarm.Metrics as Members[]
  const known = all.flatMap(({ Id, MetricStat }) => {
    const { Metric, Stat } = (MetricStat ?? {}) as Members
    const name = (Metric as Members | undefined)?.MetricName
    return name === undefined ? [] : [[String(Id), figure(name, Stat)] as const]
  })
  const share = String(all.find(({ Expression }) => Expression !== undefined)?.Expression)
  const { answers, failed = 0 } = Object.fromEntries(known)
  if (share !== '100 * FILL(failed, 0) / answers') throw new Error(`not known here: ${share}`)
  return answers === undefined ? undefined : (100 * failed) / answers
}

const breaks = ({ Properties: alarm }: Resource, figure: number | undefined): boolean => {
  if (figure === undefined) return alarm.TreatMissingData === 'breaching'
  const threshold = Number(alarm.Threshold)
  if (alarm.ComparisonOperator === 'GreaterThanThreshold') return figure > threshold
  if (alarm.ComparisonOperator === 'LessThanThreshold') return figure < threshold
  return figure >= threshold
}

/** Alarms on what is written; those on what Lambda itself counts are none. */
const ownAlarms = ofType('AWS::CloudWatch::Alarm').filter(([, { Properties }]) =>
  JSON.stringify(Properties).includes(namespace),
)
const sounding = (lines: readonly Line[]): string[] => {
  const points = pointsOf(lines)
  return ownAlarms
    .filter(([, alarm]) => breaks(alarm, figureOf(alarm, points)))
    .map(([name]) => name)
}

describe('an alarm', () => {
  const noSweep = 'SweepMissingAlarm'
  test.each<[Trouble, string[]]>([
    ['none', []],
    ['none, with samples of everything', []],
    ['a request that is stored too late', ['IntakeUnavailableAlarm', noSweep]],
    ['a catalog that takes too long', ['IntakeUnavailableAlarm', noSweep]],
    ['a permission that is lost', ['IntakeUnavailableAlarm', noSweep]],
    ['a slow catalog, and a faster writer', [noSweep]],
    ['receipts that cannot be listed', [noSweep]],
    ['a bucket of receipts that does not answer', [noSweep]],
    ['a sweep whose time is over', []],
    ['a sweep with too little time, and one with enough', []],
    ['a table that is gone', ['OldestReceiptAlarm']],
    ['a table that was made anew', ['QuarantineAlarm']],
    ['metadata that has grown', [noSweep, 'MetadataAlarm']],
    ['a request of a time that its table has forgotten', [noSweep, 'PossibleDuplicatesAlarm']],
  ])('%s: %j', (trouble, alarms) => {
    expect(sounding(linesOf(trouble))).toEqual(alarms)
  })

  test('each sounds somewhere, and what the dashboard shows is counted', () => {
    const all = [...written.keys()].flatMap((trouble) => sounding(linesOf(trouble)))
    expect(ownAlarms.map(([name]) => name).filter((name) => !all.includes(name))).toEqual([])
    const everything = [...written.keys()].flatMap(linesOf)
    const counted = new Set(pointsOf(everything).map(({ name }) => name))
    const board = JSON.parse(String(stack.resources.Dashboard?.Properties.DashboardBody))
    const widgets: Json[][][] = board.widgets.map(
      ({ properties }: { properties: { metrics?: Json[][] } }) => properties.metrics ?? [],
    )
    const shown = widgets
      .filter(([first]) => first?.[0] === namespace)
      .flatMap((metrics) => metrics.map(([, name]) => name))
    expect(shown.length).toBeGreaterThan(5)
    expect(shown.filter((name) => !counted.has(String(name)))).toEqual([])
  })

  test('what Lambda counts is of the functions, and by the names that Lambda has', () => {
    const others = ofType('AWS::CloudWatch::Alarm').filter(([name]) =>
      ownAlarms.every(([own]) => own !== name),
    )
    const metrics = others.map(([, { Properties }]) => {
      const [, longest] = (Properties.Metrics ?? []) as Members[]
      const stat = (longest?.MetricStat as Members | undefined)?.Metric as Members | undefined
      const { Namespace, MetricName, Dimensions } = stat ?? Properties
      const [{ Value } = {}] = Dimensions as Members[]
      return [Namespace, MetricName, Value].join(' ')
    })
    expect(metrics.sort()).toEqual(
      ['Duration', 'Errors', 'Throttles'].flatMap((name) =>
        ['intakefunction', 'sweepfunction'].map((one) => `AWS/Lambda ${name} ${one}`),
      ),
    )
  })

  test('a sweep that uses up its time sounds, whatever the timeout is', () => {
    const swept = linesOf('a sweep with too little time, and one with enough')
    const owed = swept.flatMap(({ receipts_owed: left }) => (left === undefined ? [] : [left]))
    expect([owed[0], owed.at(-1)]).toEqual([1, 0])
    for (const seconds of [15, 60, 900]) {
      const { resources } = stackOf({ TimeoutSeconds: String(seconds) })
      const { Metrics, Threshold } = resources.SweepDurationAlarm?.Properties ?? {}
      const [share] = Metrics as Members[]
      const [, most = ''] =
        /^longest \/ \((\d+ - 8\.5)\) \/ 10$/.exec(String(share?.Expression)) ?? []
      // What begins no more ends soon after; the alarm is there before.
      expect([most, Threshold]).toEqual([`${seconds} - 8.5`, 80])
    }
  })

  test('slow requests sound before the program gives up on them', () => {
    const env = { AWS_REGION: 'us-east-1', ...environmentOf(stack, 'IntakeFunction') }
    const { requestDeadlineMs } = readConfig(env, 'lambda')
    expect(stack.resources.IntakeDurationAlarm?.Properties.Threshold).toBe(0.6 * requestDeadlineMs)
  })
})

test('infra/aws.md prices as many metrics as there are', () => {
  // A name with its dimensions' values is a metric (CloudWatch's pricing).
  const embedded = linesOf('none, with samples of everything').flatMap((line) => {
    const { CloudWatchMetrics = [] } = (line._aws ?? {}) as { CloudWatchMetrics?: Directive[] }
    return CloudWatchMetrics.flatMap(({ Metrics, Dimensions }) =>
      Metrics.map(({ Name }) => JSON.stringify([Name, Dimensions[0]?.map((name) => line[name])])),
    )
  })
  const counts = [new Set(embedded).size, ofType('AWS::Logs::MetricFilter').length] as const
  const [many, few] = counts
  expect(many).toBeGreaterThan(50)
  const text = page.replace(/\s+/g, ' ')
  expect(text).toContain(`${many} embedded metrics and ${few} by filters`)
  const dollars = (metrics: number) => (0.3 * metrics).toFixed(2)
  expect(text).toContain(`${dollars(many + few)} USD a month`)
  expect(text).toContain(`leaves ${dollars(few)}`)
})

interface Directive {
  readonly Dimensions: readonly (readonly string[])[]
  readonly Metrics: readonly { readonly Name: string }[]
}

/** A line without what is of one run alone: ids, sizes and times, where in the program an error came from, and the order. */
const form = (line: string): string => {
  const { _aws, ...rest } = JSON.parse(line.replace(/"_aws":\{…\}/, '"_aws":{}'))
  const text = JSON.stringify(
    { ...(_aws && { _aws: '…' }), ...rest },
    Object.keys({ _aws, ...rest }).sort(),
  )
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}(-0-[0-9a-f]{16})?/g, '…')
    .replace(/(?<=:\[?)(\d+\.\d+|\d{4,})(?=[\],}])/g, '0')
}

describe('infra/aws.md shows', () => {
  const shown = new Set(
    page
      .split('\n')
      .filter((line) => /^\{"(level|_aws)"/.test(line))
      .map(form),
  )
  const has = (text: string) => (line: string) => line.includes(text)
  test.each<[Trouble, string]>([
    ['a catalog that takes too long', 'a request was not stored in time'],
    ['a request that is stored too late', '"refused_requests"'],
    ['a request that is stored too late', 'a request was stored after its deadline'],
    ['an event of something else', 'an invocation failed'],
    ['a permission that is lost', 'a request could not be stored'],
    ['a permission that is lost', '"status":"503"'],
    ['a slow catalog, and a faster writer', '"request_duration"'],
    ['a slow catalog, and a faster writer', '"commit_retries"'],
    ['receipts that cannot be listed', 'an invocation failed'],
    ['a bucket of receipts that does not answer', 'an invocation failed'],
    ['a sweep whose time is over', '"receipts_owed"'],
    ['a sweep with too little time, and one with enough', 'a sweep had no time to pay anything'],
    ['a table that is gone', 'receipts are still owed'],
    ['a table that is gone', '"message":"swept"'],
    ['a table that is gone', '"receipts_owed"'],
    ['none', '"receipts_owed"'],
    ['a table that was made anew', 'a receipt cannot be paid'],
    ['metadata that has grown', "a table's metadata is large"],
    ['metadata that has grown', '"metadata_bytes"'],
    ['a request of a time that its table has forgotten', 'rows may be in a table twice'],
    ['a request of a time that its table has forgotten', '"possible_duplicates"'],
  ])('%s: the line with %s', (trouble, text) => {
    const line = (written.get(trouble) ?? []).findLast(has(text)) ?? 'no such line'
    expect(shown).toContain(form(line))
  })

  test('a paragraph for each alarm', () => {
    const alarms = ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) =>
      String(Properties.AlarmName).replace('stack-', ''),
    )
    const paragraphs = [...page.matchAll(/^`([\w-]+)`: /gm)].map(([, name]) => name)
    expect(paragraphs.sort()).toEqual(alarms.sort())
  })
})
