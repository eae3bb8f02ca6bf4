/** What is a secret, as the variables themselves say it. */
import type { Variable } from '../../src/config/variable.ts'
import { variables } from '../../src/config/variables.ts'

type Any = Variable<(typeof variables)[keyof typeof variables]['schema']>

const secrets = Object.values<Any>(variables).filter(({ secret }) => secret)

/** Names of variables whose text nobody may see. */
export const secretNames: readonly string[] = secrets.map(({ name }) => name)

/** Those that mean something on Workers. */
export const secretsOnWorkers: readonly string[] = secrets
  .filter(({ runtimes }) => runtimes?.includes('workers') !== false)
  .map(({ name }) => name)
