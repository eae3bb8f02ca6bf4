import * as v from 'valibot'
import { tokensProblem } from './config/credentials.ts'
import { formerVariables } from './config/former.ts'
import { type ConfigProblem, problem } from './config/problem.ts'
import { s3TablesProblems } from './config/s3-tables-problems.ts'
import { receiptProblems, storageProblems } from './config/storage-problems.ts'
import { problemOfName } from './config/unknown.ts'
import { isLoopback } from './config/values.ts'
import { defaultOn, type Runtime, type Variable } from './config/variable.ts'
import { type Values, variables } from './config/variables.ts'
import { KnownError } from './errors.ts'

/** The environment → Config. Only a runtime reads it; the rooms get the values they need. */

/** A process's environment, or a Worker's variables and secrets. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Every setting, checked and complete. */
export interface Config
  extends Omit<Values, 'auth' | 'authTokens' | 'authTokensSecret' | 'tlsCert' | 'tlsKey'> {
  readonly auth: AuthConfig
  /** Paths of two PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

export type AuthConfig =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer' | 'basic'; readonly tokens: readonly string[] }
  /** Of a secret, by its ARN. */
  | { readonly kind: 'bearer' | 'basic'; readonly secret: string }

/** Everything that is wrong with an environment, all at once. */
export class ConfigError extends KnownError {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ variable, message }) => `${variable}: ${message}`).join('\n'))
    this.problems = problems
  }
}

/**
 * Reads the variables of this program from an environment. `unread`: what is wrong with those that are no text.
 * @throws ConfigError that lists every wrong, missing and unknown variable
 */
export const readConfig = (
  env: Environment,
  runtime: Runtime,
  unread: readonly ConfigProblem[] = [],
): Config => {
  const problems = [...unread, ...unknownNames(env), ...namesOfAws(env, runtime)]
  const values = readValues(env, runtime, problems)
  const named = new Set(problems.map(({ variable }) => variable))
  const others = [...contradictions(values, runtime), ...idle(env, runtime)]
  problems.push(...others.filter(({ variable }) => !named.has(variable)))
  if (problems.length > 0) throw new ConfigError(problems)
  const { auth, authTokens, authTokensSecret, tlsCert, tlsKey, ...rest } = values as Values
  return {
    ...rest,
    auth: authOf({ auth, authTokens, authTokensSecret }),
    ...(tlsCert !== undefined && tlsKey !== undefined && { tls: { cert: tlsCert, key: tlsKey } }),
  }
}

const authOf = ({
  auth: kind = 'none',
  authTokens: tokens = [],
  authTokensSecret: secret,
}: Pick<Values, 'auth' | 'authTokens' | 'authTokensSecret'>): AuthConfig => {
  if (kind === 'none') return { kind }
  return secret === undefined ? { kind, tokens } : { kind, secret }
}

const unknownNames = (env: Environment): ConfigProblem[] =>
  Object.entries(env).flatMap(([variable, text]) => {
    const message = text === undefined ? undefined : problemOfName(variable, text)
    return message === undefined ? [] : [{ variable, message }]
  })

/** On a machine they may be meant for others; what a Worker is given is for this program alone. */
const namesOfAws = (env: Environment, runtime: Runtime): ConfigProblem[] =>
  ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3']
    .filter((variable) => runtime === 'workers' && env[variable]?.trim())
    .map((variable) => ({ variable, message: `is not read: set ${s3Endpoint.name}` }))

/** What could be read; a value that could not is absent, and its problem is in the list. */
const readValues = (
  env: Environment,
  runtime: Runtime,
  problems: ConfigProblem[],
): Partial<Values> => {
  const values: Record<string, unknown> = {}
  for (const [key, variable] of Object.entries<Variable<v.GenericSchema<string, unknown>>>(
    variables,
  )) {
    if (!isRead(variable, runtime)) continue
    const text = textOf(env, variable) ?? defaultOn(variable, runtime)
    if (text === undefined) continue
    const result = v.safeParse(variable.schema, text)
    if (result.success) values[key] = result.output
    else problems.push({ variable: variable.name, message: result.issues[0].message })
  }
  return values as Partial<Values>
}

const isRead = (
  { runtimes }: Variable<v.GenericSchema<string, unknown>>,
  runtime: Runtime,
): boolean => runtimes?.includes(runtime) !== false

/** A variable's text without surrounding white space; set but empty is as good as not set. */
const textOf = (
  env: Environment,
  { name, fallbacks = [] }: Variable<v.GenericSchema<string, unknown>>,
): string | undefined => {
  const former = formerVariables.filter((old) => old.sameAs === name).map((old) => old.name)
  const names = [name, ...former, ...fallbacks]
  return names.map((candidate) => env[candidate]?.trim()).find((text) => text)
}

/** What no variable shows alone. */
const contradictions = (values: Partial<Values>, runtime: Runtime): ConfigProblem[] => [
  ...storageProblems(values, runtime),
  ...authProblems(values, runtime),
  ...tlsProblems(values),
  ...limitProblems(values, runtime),
  ...catalogProblems(values),
  ...s3TablesProblems(values),
  ...receiptProblems(values, runtime),
]

const { auth, authTokens, authTokensSecret, tlsCert, tlsKey } = variables
const { maxInflightBytes, maxPayloadBytes, maxFilesPerRequest: maxFiles, s3Endpoint } = variables
const { icebergCatalog, icebergRestUri, icebergCredential } = variables

const authProblems = (values: Partial<Values>, runtime: Runtime): ConfigProblem[] => {
  const { auth: kind, authTokens: tokens, authTokensSecret: secret, listenAddr } = values
  const about = (variable: string, message: string) => [{ variable, message }]
  if (tokens !== undefined && secret !== undefined) {
    return about(authTokensSecret.name, `must not be set beside ${authTokens.name}`)
  }
  if (secret !== undefined && runtime !== 'lambda') {
    return about(authTokensSecret.name, `is for AWS Lambda: set ${authTokens.name}`)
  }
  if (kind === 'bearer' || kind === 'basic') {
    if (secret !== undefined) return []
    if (tokens === undefined) return about(authTokens.name, `is missing: ${auth.name} asks for it`)
    const problem = tokensProblem(kind, tokens)
    return problem === undefined ? [] : about(authTokens.name, problem)
  }
  // Tokens that nothing checks would be a door that only looks locked.
  if (tokens !== undefined || secret !== undefined) {
    return about(auth.name, 'must be bearer or basic: there are tokens')
  }
  const open = runtime !== 'node' || (listenAddr !== undefined && !isLoopback(listenAddr))
  if (kind === 'none' || !open) return []
  return about(auth.name, 'must be chosen (bearer, basic or none): the address is a public one')
}

const tlsProblems = ({ tlsCert: cert, tlsKey: key }: Partial<Values>): ConfigProblem[] => {
  if ((cert === undefined) === (key === undefined)) return []
  const [missing, set] = cert === undefined ? [tlsCert, tlsKey] : [tlsKey, tlsCert]
  return [{ variable: missing.name, message: `is missing: ${set.name} is set` }]
}

/** One catalog, and one way to prove who asks. */
const catalogProblems = (values: Partial<Values>): ConfigProblem[] => {
  const { icebergCatalog: catalog, icebergRestUri: rest, icebergToken: token } = values
  const problems: ConfigProblem[] = []
  if (catalog !== undefined && rest !== undefined) {
    const message = `must not be set beside ${icebergRestUri.name}: choose one catalog`
    problems.push(problem('icebergCatalog', message))
  }
  for (const key of restOnly) {
    if (values[key] === undefined || rest !== undefined) continue
    problems.push(problem(key, `needs ${icebergRestUri.name}`))
  }
  if (token !== undefined && values.icebergCredential !== undefined) {
    const message = `must not be set beside ${icebergCredential.name}`
    problems.push(problem('icebergToken', message))
  }
  return problems
}

/** What means nothing without a REST catalog. */
const restOnly = [
  'icebergWarehouse',
  'icebergToken',
  'icebergCredential',
  'icebergOauthUri',
  'icebergOauthScope',
  'icebergSigningName',
] as const

/** What is set for tables where there are none: whoever forgot the catalog would get plain files. */
const idle = (env: Environment, runtime: Runtime): ConfigProblem[] =>
  isSet(env, icebergCatalog, runtime) || isSet(env, icebergRestUri, runtime)
    ? []
    : tablesOnly
        .filter((key) => isSet(env, variables[key], runtime))
        .map((key) =>
          problem(key, `needs a catalog: ${icebergCatalog.name}=file, or ${icebergRestUri.name}`),
        )

const isSet = (
  env: Environment,
  variable: Variable<v.GenericSchema<string, unknown>>,
  runtime: Runtime,
): boolean => isRead(variable, runtime) && textOf(env, variable) !== undefined

/** What has a default, and means nothing without tables. */
const tablesOnly = [
  'icebergNamespace',
  'icebergTableLogs',
  'icebergTableTraces',
  'icebergTableGauge',
  'icebergTableSum',
  'icebergTableHistogram',
  'icebergTableExponentialHistogram',
  'icebergTableSummary',
  'icebergPartition',
  'commit',
  'commitInterval',
] as const

/**
 * Workers Paid allow a request 10,000 calls ("Limits", subrequests), and a file of plain Parquet takes up to 26 of them: a look at
 * each hour in which rows without a time may lie already, and the put. The rest is for calls that are tried again.
 */
const maxFilesOnWorkers = 350

const limitProblems = (values: Partial<Values>, runtime: Runtime): ConfigProblem[] => {
  const problems: ConfigProblem[] = []
  const { maxInflightBytes: inflight, maxPayloadBytes: payload = 0, maxFilesPerRequest } = values
  if ((inflight ?? Number.POSITIVE_INFINITY) < payload) {
    const message = `must be at least ${maxPayloadBytes.name}: no larger request could ever pass`
    problems.push({ variable: maxInflightBytes.name, message })
  }
  if (runtime === 'workers' && (maxFilesPerRequest ?? 0) > maxFilesOnWorkers) {
    const message = `must be at most ${maxFilesOnWorkers}: Workers allow a request no more calls`
    problems.push({ variable: maxFiles.name, message })
  }
  return problems
}
