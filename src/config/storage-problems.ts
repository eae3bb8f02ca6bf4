/** What of the storage's settings does not fit together: data must not go where nobody looks for it. */
import { type ConfigProblem, problem } from './problem.ts'
import type { Runtime } from './variable.ts'
import { type Values, variables } from './variables.ts'

type Key = keyof Values

const { storageBackend, stateBucket, icebergRestUri } = variables

/** A bucket is named where there is one, and only there; and whoever has to prove who he is can. */
export const storageProblems = (values: Partial<Values>, runtime: Runtime): ConfigProblem[] => {
  const { storageBackend: backend } = values
  if (backend === undefined) return []
  if (backend === 'fs' && runtime === 'workers') {
    return [problem('storageBackend', 'must be r2 or s3: Workers have no file system')]
  }
  const missing = needed(values, runtime)
    .filter((key) => values[key] === undefined)
    .map((key) => problem(key, `is missing: ${storageBackend.name} is ${backend}`))
  // Beside a REST catalog, which says where files go, nothing but receipts is stored.
  if (values.icebergRestUri !== undefined) return missing
  return [...missing, ...useless(values, backend), ...boundEndpoint(values, runtime)]
}

/** A bucket that is bound is reached by no address. */
const boundEndpoint = (values: Partial<Values>, runtime: Runtime): ConfigProblem[] =>
  isBound(values, runtime) && values.s3Endpoint !== undefined
    ? [
        problem(
          's3Endpoint',
          `is for another server of S3: set ${storageBackend.name} to s3, or remove it`,
        ),
      ]
    : []

const isBound = ({ storageBackend: backend }: Partial<Values>, runtime: Runtime): boolean =>
  runtime === 'workers' && backend === 'r2'

/** What the storage cannot do without. */
const needed = (values: Partial<Values>, runtime: Runtime): Key[] => {
  const { storageBackend: backend, s3Endpoint, icebergRestUri } = values
  const isRest = icebergRestUri !== undefined
  if (backend === 's3' && !isRest) {
    return ['s3Bucket', ...(s3Endpoint === undefined ? (['s3Region'] as const) : [])]
  }
  if (backend !== 'r2') return []
  if (runtime === 'workers') {
    // There is a binding; the bucket's name is wanted only for what tables say of their files.
    return isRest || values.icebergCatalog !== undefined ? ['r2Bucket'] : []
  }
  if (isRest && values.stateBucket === undefined) return []
  return [
    ...(isRest ? [] : (['r2Bucket'] as const)),
    ...(s3Endpoint === undefined ? (['r2AccountId'] as const) : []),
    'r2AccessKeyId',
    'r2SecretAccessKey',
  ]
}

/** What means nothing to a backend: the backends that it is for. */
const only: Readonly<Partial<Record<Key, readonly string[]>>> = {
  s3Bucket: ['s3'],
  r2Bucket: ['r2'],
  storagePrefix: ['s3', 'r2'],
}

const useless = (values: Partial<Values>, backend: string): ConfigProblem[] =>
  Object.entries(only)
    .filter(([key, backends]) => values[key as Key] !== undefined && !backends.includes(backend))
    .map(([key, backends]) => {
      const others = `set ${storageBackend.name} to ${backends.join(' or ')}`
      return problem(key as Key, `is for a bucket: ${others}, or remove it`)
    })

/**
 * Receipts lie in the storage of a file catalog; beside a REST catalog they lie in the bucket that a Worker is bound to, and
 * elsewhere in a bucket of their own.
 */
export const receiptProblems = (values: Partial<Values>, runtime: Runtime): ConfigProblem[] => {
  const bound = isBound(values, runtime)
  if (bound && values.stateBucket !== undefined) {
    return [problem('stateBucket', "must not be set: receipts lie in the Worker's own bucket")]
  }
  if (values.icebergRestUri === undefined) {
    return values.stateBucket === undefined
      ? []
      : [problem('stateBucket', `needs ${icebergRestUri.name}`)]
  }
  const isMissing = !bound && values.commit === 'deferred' && values.stateBucket === undefined
  return isMissing ? [problem('commit', `deferred needs ${stateBucket.name}`)] : []
}
