import { describeError } from '../../src/errors.ts'
import type { Log, LogLevel } from '../../src/log.ts'

/** Log lines, one an event, as text for people or as JSON for collectors. */

export interface LoggingOptions {
  /** The least that is written. */
  readonly level: LogLevel
  readonly format: 'text' | 'json'
  /** Takes a line without its end. */
  readonly write: (line: string) => void
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

type Facts = Readonly<Record<string, unknown>>

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** Characters of a fact; a longer one is cut. */
const maxFactLength = 4096

/** Nobody should log such a fact. If somebody does, its name is all that comes out. */
const secretName = /authorization|cookie|credential|password|secret|token|^body$/i

/** A log that writes lines. */
export const createLog = ({ level, format, write, now = Date.now }: LoggingOptions): Log => {
  const least = order.indexOf(level)
  const line = format === 'json' ? jsonLine : textLine
  return (level, message, facts = {}) => {
    if (order.indexOf(level) < least) return
    write(line(new Date(now()).toISOString(), level, message, printable(facts)))
  }
}

const jsonLine = (time: string, level: LogLevel, message: string, facts: Facts): string => {
  const event = { time, level, message }
  // These first; and no fact takes the place of one, whatever it is called.
  return JSON.stringify({ ...event, ...facts, ...event })
}

const textLine = (time: string, level: LogLevel, message: string, facts: Facts): string =>
  [
    `${time} ${level.toUpperCase().padEnd(5)} ${message}`,
    ...Object.entries(facts).map(([name, value]) => `${name}=${quoted(String(value))}`),
  ].join(' ')

/** A word stands as it is; anything else in quotes, so that a line stays one line. */
const quoted = (text: string): string =>
  /^[\w.,:;/@%+*()[\]{}~-]+$/.test(text) ? text : JSON.stringify(text)

/** Facts as numbers, booleans and strings; what is undefined is left out. */
const printable = (facts: Facts): Facts =>
  Object.fromEntries(
    Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, secretName.test(name) ? '(hidden)' : plain(value)]),
  )

const plain = (value: unknown): string | number | boolean => {
  if (typeof value === 'number' || typeof value === 'boolean') return value
  const text = value instanceof Error ? describeError(value) : String(value)
  return text.length > maxFactLength ? `${text.slice(0, maxFactLength)}…` : text
}
