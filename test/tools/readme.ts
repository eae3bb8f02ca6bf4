// Writes what README.md says of columns and variables between its markers, from the sources that say it first.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formerVariables } from '../../src/config/former.ts'
import { defaultOn, type Runtime } from '../../src/config/variable.ts'
import { variables } from '../../src/config/variables.ts'
import type { Column, Table } from '../../src/tables/table.ts'
import { tables } from '../../src/tables/tables.ts'

/** The README's path. */
export const readmePath = join(import.meta.dirname, '../../README.md')

const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')

/** The columns that all of some tables have, in order. */
const shared = ([first, ...others]: readonly Table[]): readonly Column[] =>
  first?.columns.filter(({ name }) =>
    others.every(({ columns }) => columns.some((column) => column.name === name)),
  ) ?? []

const without = (columns: readonly Column[], others: readonly Column[]): Column[] =>
  columns.filter(({ name }) => !others.some((other) => other.name === name))

const columnRows = (columns: readonly Column[]): string =>
  markdownTable(
    ['column', 'type', 'from'],
    columns.map(({ name, type, source }) => [`\`${name}\``, `\`${type}\``, source]),
  )

const columnSection = (title: string, columns: readonly Column[], open = false): string =>
  `<details${open ? ' open' : ''}><summary>${title}</summary>\n\n${columnRows(columns)}\n</details>\n`

/** Every column of the seven tables; what tables have in common is said once. */
const columns = (): string => {
  const everywhere = shared(tables)
  const metrics = tables.filter(({ name }) => name.startsWith('metrics_'))
  const ofMetrics = without(shared(metrics), everywhere)
  const own = (table: Table): string => {
    const known = metrics.includes(table) ? [...everywhere, ...ofMetrics] : everywhere
    const folder = `<code>${table.folder}/</code>`
    return columnSection(`${folder}: ${table.name}`, without(table.columns, known))
  }
  return [
    columnSection('every table', everywhere, true),
    ...tables.filter((table) => !metrics.includes(table)).map(own),
    columnSection('every metrics table', ofMetrics),
    ...metrics.map(own),
  ].join('\n')
}

const all = Object.values(variables)
type Any = (typeof all)[number]

/** Whether a variable means something on a runtime. */
const isOn = (variable: Any, runtime: Runtime): boolean =>
  !('runtimes' in variable) || (variable.runtimes as readonly Runtime[]).includes(runtime)

const defaultCell = (variable: Any, runtime: Runtime): string => {
  if (!isOn(variable, runtime)) return 'not there'
  const text = defaultOn(variable, runtime)
  return text === undefined ? '–' : `\`${text}\``
}

/** Every variable that Node reads, with its default there; then the others' defaults, where they are not the same. */
const configuration = (): string => {
  const others = ['lambda', 'workers'] as const
  const cells = (variable: Any) => others.map((runtime) => defaultCell(variable, runtime))
  const differing = all.filter((variable) =>
    cells(variable).some((cell) => cell !== defaultCell(variable, 'node')),
  )
  return [
    markdownTable(
      ['variable', 'default', 'meaning'],
      all
        .filter((variable) => isOn(variable, 'node'))
        .map((variable) => [
          `\`${variable.name}\``,
          defaultCell(variable, 'node'),
          variable.meaning,
        ]),
    ),
    'These are the defaults of the server. Lambda and Workers have the same but for these:\n',
    markdownTable(
      ['variable', 'on AWS Lambda', 'on Workers'],
      differing.map((variable) => [`\`${variable.name}\``, ...cells(variable)]),
    ),
  ].join('\n')
}

/** Every variable of the Rust program that is no longer one, and what to do about it. */
const former = (): string => {
  const names = new Map<string, string[]>()
  for (const { name, sameAs, accepted, instead } of formerVariables) {
    const text =
      sameAs !== undefined
        ? `${sameAs}; the old name is read too`
        : `${instead}${accepted === undefined ? '' : ` (\`${accepted.join('`, `')}\` is accepted)`}`
    names.set(text, [...(names.get(text) ?? []), `\`${name}\``])
  }
  return markdownTable(
    ['there', 'here'],
    [...names].map(([text, old]) => [
      old.join(', '),
      text.replaceAll(/OTLP2PARQUET_\w+(=[\w:]+)?/g, '`$&`'),
    ]),
  )
}

const sections = { columns, configuration, former }

/** The README with what stands between `<!-- name:start -->` and `<!-- name:end -->` written anew. */
export const generated = (readme: string): string =>
  Object.entries(sections).reduce((text, [name, write]) => {
    const between = new RegExp(`(<!-- ${name}:start -->\n)[\\s\\S]*?(<!-- ${name}:end -->)`)
    if (!between.test(text)) throw new Error(`README.md has no markers for ${name}`)
    return text.replace(between, (_, start, end) => `${start}\n${write()}\n${end}`)
  }, readme)

/** The code blocks of a language, in order. */
export const codeBlocks = (markdown: string, language: string): string[] =>
  [...markdown.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code]) => code ?? '',
  )

if (import.meta.main) writeFileSync(readmePath, generated(readFileSync(readmePath, 'utf8')))
