import { ConfigError } from '../../src/config.ts'
import { createLog } from './logging.ts'

/**
 * Says in one line of JSON why the program cannot start, where nobody reads what a process prints at its end: with all that there
 * is to mend. `write` takes a line without its end.
 */
export const tellCannotStart = (error: unknown, write: (line: string) => void): void => {
  const log = createLog({ level: 'error', format: 'json', write })
  log('error', 'cannot start', { error: error instanceof ConfigError ? listed(error) : error })
}

const listed = ({ problems }: ConfigError): string =>
  problems.map(({ variable, message }) => `${variable}: ${message}`).join('; ')
