/**
 * What suites ask of Vitest, in workerd: they declare their cases here as they are, and each is run when a request asks for it.
 * What is expected of values is Vitest's own.
 */
import { format } from 'node:util'
import { expect } from 'vitest'

export { expect }

type Act = () => unknown

/** By its name, with those of the suites around it: a case, what is before it and after it included. */
export const cases = new Map<string, () => Promise<void>>()

interface Suite {
  readonly name: string
  readonly before: Act[]
  readonly after: Act[]
}

const around: Suite[] = [{ name: '', before: [], after: [] }]

const innermost = (): Suite => around.at(-1) as Suite

const declareSuite = (name: string, declare: Act): void => {
  around.push({ name, before: [], after: [] })
  declare()
  around.pop()
}

/** Cases of one name are told apart: a table's rows may have the same one. */
const unused = (name: string, n = 1): string => {
  const numbered = n === 1 ? name : `${name} (${n})`
  return cases.has(numbered) ? unused(name, n + 1) : numbered
}

const declareCase = (name: string, ...[options, given]: [unknown, unknown?]): void => {
  const act = (typeof options === 'function' ? options : given) as Act
  const suites = [...around]
  const names = [...suites.map((suite) => suite.name), name].filter((one) => one !== '')
  cases.set(unused(names.join(' > ')), async () => {
    const failures: unknown[] = []
    try {
      for (const { before } of suites) for (const one of before) await one()
      await act()
    } catch (error) {
      failures.push(error)
    }
    try {
      for (const { after } of suites.toReversed()) for (const one of after) await one()
    } catch (error) {
      failures.push(error)
    }
    // What went wrong first: what tidies up fails by it.
    if (failures.length > 0) throw failures[0]
  })
}

/** A declaration for each row of a table, whose members it is called with. */
const each =
  (declare: (name: string, act: Act) => void) =>
  (table: readonly unknown[]) =>
  (name: string, ...[options, given]: [unknown, unknown?]): void => {
    const act = (typeof options === 'function' ? options : given) as (...row: unknown[]) => unknown
    for (const row of table) {
      const members = Array.isArray(row) ? row : [row]
      const marks = name.match(/%[sdijof]/g)?.length ?? 0
      declare(format(name, ...members.slice(0, marks)), () => act(...members))
    }
  }

export const describe = Object.assign(declareSuite, { each: each(declareSuite) })
export const it = Object.assign(declareCase, { each: each(declareCase) })
export const test = it
export const beforeEach = (act: Act): void => void innermost().before.push(act)
export const afterEach = (act: Act): void => void innermost().after.push(act)

/** Nothing is mocked: what suites replace to be faster is what it is. */
export const vi = { mock: (): void => {} }
