/** Structured logging through a small port; the runtimes decide where lines go and how they look. */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One line: a fixed sentence and its facts. Facts never hold a body, a credential or a token. */
export type Log = (
  level: LogLevel,
  message: string,
  facts?: Readonly<Record<string, unknown>>,
) => void

/** Logs nothing. */
export const noLog: Log = () => {}
