/**
 * What ails a catalog, by its answer, and what an operator is to do about it: a sentence for each trouble that is known.
 * AWS tells many of them by words alone, under a type that says no more than the status; so words are read here.
 */
import { IngestError, KnownError } from '../../errors.ts'
import { type ErrorWords, errorWords } from './answers.ts'
import { type Asked, deeds, type Question } from './asked.ts'
import { type Meaning, meaningOf } from './errors.ts'
import type { HttpAnswer } from './http.ts'

export interface Diagnosis {
  /** For an operator and for senders, after "cannot … : ". */
  readonly words: string
  /** What an operator is to do, where that is known. */
  readonly advice?: string
}

/** What an answer that was not hoped for is about; `service` is what signatures name, at catalogs of AWS. */
export const diagnosisOf = (
  question: Question,
  answer: HttpAnswer,
  service: string | undefined,
): Diagnosis => {
  const meaning = meaningOf(answer)
  const { status } = answer
  const facts: Facts = { ...question, ...errorWords(answer), status, service, meaning }
  const trouble = troubles.find(({ shows }) => shows(facts))
  if (trouble === undefined) return { words: meaning.words }
  return { words: trouble.words ?? meaning.words, advice: trouble.advice(facts) }
}

/** `cannot load a table: …`, for whom the request came from and for the operator. */
export const refusal = (
  { asked }: Question,
  answer: HttpAnswer,
  { words }: Diagnosis,
): IngestError => {
  const { type, message } = errorWords(answer)
  return new IngestError('unavailable', `cannot ${deeds[asked]}: ${words}`, {
    cause: new KnownError(`${answer.status} ${type} ${message}`),
  })
}

interface Facts extends Question, ErrorWords {
  readonly status: number
  readonly service: string | undefined
  readonly meaning: Meaning
}

interface Trouble {
  readonly shows: (facts: Facts) => boolean
  /** Without them those of the status. */
  readonly words?: string
  readonly advice: (facts: Facts) => string
}

const isDenied = ({ status, type }: Facts): boolean =>
  status === 403 || type === 'AccessDeniedException'

const isMade = ({ asked }: Facts): boolean => asked === 'createTable' || asked === 'createNamespace'

/** S3 Tables refuses metadata above 50 MB, Glue above 20 MB ("considerations" of their Iceberg REST endpoints). */
const nearlyTooLarge: Readonly<Record<string, number>> = { s3tables: 45e6, glue: 18e6 }

const mayBeTooLarge = ({ asked, service = '', metadataSize = 0 }: Facts): boolean =>
  asked === 'updateTable' && metadataSize > (nearlyTooLarge[service] ?? Number.POSITIVE_INFINITY)

/** The actions that AWS asks for ("Access management for S3 Tables", "AWS Glue API permissions"). */
const actions: Readonly<Record<string, Partial<Record<Asked, string>>>> = {
  s3tables: {
    getConfig: 's3tables:GetTableBucket',
    createNamespace: 's3tables:CreateNamespace',
    createTable: 's3tables:CreateTable and s3tables:PutTableData',
    loadTable: 's3tables:GetTableMetadataLocation and s3tables:GetTableData',
    updateTable:
      's3tables:UpdateTableMetadataLocation, s3tables:PutTableData and s3tables:GetTableData',
  },
  glue: {
    getConfig: 'glue:GetCatalog',
    createNamespace: 'glue:CreateDatabase',
    createTable: 'glue:CreateTable',
    loadTable: 'glue:GetTable and lakeformation:GetDataAccess',
    updateTable: 'glue:UpdateTable and lakeformation:GetDataAccess',
  },
}

const permit = ({ asked, service = '' }: Facts): string => {
  const action = actions[service]?.[asked]
  return action === undefined
    ? 'give its user or token there the right'
    : `allow its role ${action}`
}

/** Something is asked to be made only where it is missing. */
const missing = (facts: Facts): string => {
  const what = facts.asked === 'createTable' ? 'table' : 'namespace'
  const how = isOfAws(facts) ? ' (infra/: CreateTables=true, then init)' : ''
  return `the ${what} is not there: make it, or ${permit(facts)} until all is made${how}`
}

/** Whose credentials the catalog does not know, or no longer. */
const knownAs = ({ service }: Facts): string =>
  service === undefined
    ? 'give it a token or credential that is good (OTLP2PARQUET_ICEBERG_TOKEN, OTLP2PARQUET_ICEBERG_CREDENTIAL)'
    : "look at the AWS keys or the role, the region, and this machine's clock"

/** What a table is called, and where it is. */
const anotherName =
  'take another namespace (OTLP2PARQUET_ICEBERG_NAMESPACE) or another name (OTLP2PARQUET_ICEBERG_TABLE_LOGS and its like)'

const present = (facts: Facts): string =>
  isOfAws(facts)
    ? `${permit(facts)}; where it has that, look for an explicit deny, a bucket policy, the key's policy and Lake Formation`
    : permit(facts)

const isOfAws = ({ service = '' }: Facts): boolean => actions[service] !== undefined

/** What the warehouse is called at catalogs of AWS. */
const warehouses: Readonly<Record<string, string>> = {
  s3tables: 'the ARN of the table bucket, letter for letter',
  glue: 'ACCOUNT:s3tablescatalog/BUCKET, or the id of the account',
}

/** What Lake Formation asks for ("Lake Formation permissions reference"). */
const grants: Readonly<Record<Asked, string>> = {
  getToken: 'access',
  getConfig: 'DESCRIBE on the catalog',
  createNamespace: 'CREATE_DATABASE on the catalog',
  createTable: 'CREATE_TABLE and DESCRIBE on the database',
  loadTable: 'DESCRIBE and SELECT on the table',
  loadCredentials: 'DESCRIBE and SELECT on the table',
  updateTable: 'ALTER, INSERT and DESCRIBE on the table',
}

/** The first that shows counts. */
const troubles: readonly Trouble[] = [
  {
    // A page for people, most often: another service, or a proxy that wants a login.
    shows: ({ meaning }) => meaning.commit === 'done',
    advice: () =>
      'look whether OTLP2PARQUET_ICEBERG_REST_URI is what stands before /v1/config at the catalog, and whether a proxy answers in its place',
  },
  {
    shows: ({ type }) => /^(UnrecognizedClient|InvalidSignature|ExpiredToken)Exception$/.test(type),
    words: 'the catalog refuses its credentials',
    advice: knownAs,
  },
  { shows: ({ status }) => status === 401 || status === 419, advice: knownAs },
  {
    shows: (facts) => isDenied(facts) && /lake ?formation/i.test(facts.message),
    words: 'Lake Formation denies it',
    advice: ({ asked }) =>
      `grant its role ${grants[asked]} in Lake Formation, besides what IAM allows`,
  },
  { shows: isDenied, advice: (facts) => (isMade(facts) ? missing(facts) : present(facts)) },
  {
    // A table that was made without a schema: all that AWS says of it is that it points nowhere.
    shows: ({ asked, status, message }) =>
      asked === 'loadTable' && status === 400 && /metadata[ _-]?location/i.test(message),
    words: 'the table was never initialised',
    advice: () =>
      'it was made without a schema and holds nothing: delete it (aws s3tables delete-table), and it is made again by init or the next request',
  },
  {
    shows: (facts) => facts.meaning.commit === 'throttled' && isMade(facts),
    advice: () => 'wait: senders come again, and what is missing is made as soon as it may be',
  },
  {
    shows: ({ meaning }) => meaning.commit === 'throttled',
    advice: () =>
      'send more records in each request, or commit more seldom (OTLP2PARQUET_COMMIT=deferred)',
  },
  {
    shows: (facts) =>
      [400, 413].includes(facts.status) &&
      (/metadata.*(too large|exceed|maximum|limit)/i.test(facts.message) || mayBeTooLarge(facts)),
    words: "the table's metadata is too large",
    advice: () =>
      'keep its snapshots for a shorter time (infra/: deploy.sh --snapshot-hours 6), and commit more seldom (OTLP2PARQUET_COMMIT=deferred)',
  },
  {
    shows: (facts) =>
      /(Quota|Limit)Exceeded/.test(facts.type) ||
      (isMade(facts) && /\bquota\b|limit.*exceed|exceed.*(limit|maximum)/i.test(facts.message)),
    words: 'a quota is used up',
    advice: () =>
      'have AWS raise it (Service Quotas; a table bucket holds 10,000 namespaces and 10,000 tables), or delete what nobody needs',
  },
  {
    // Cloudflare's R2 keeps some for itself.
    shows: ({ asked, type, message }) =>
      asked === 'createNamespace' && /\breserved/i.test(`${type} ${message}`),
    words: 'the namespace is reserved',
    advice: () => 'take another one (OTLP2PARQUET_ICEBERG_NAMESPACE)',
  },
  {
    // Cloudflare's R2 makes tables only where nothing is.
    shows: ({ asked, message }) => asked === 'createTable' && /location.*\bempty/i.test(message),
    words: 'there are files where the table is to be',
    advice: () => anotherName,
  },
  {
    shows: ({ asked, type }) => asked === 'createTable' && type === 'FailedToSetProperties',
    advice: () => 'make the table yourself, without the property that the log names',
  },
  {
    shows: ({ status, type, message }) =>
      status === 404 && /namespace|database/i.test(`${type} ${message}`),
    words: 'there is no such namespace any more',
    advice: () => 'have it made with its tables: by init, or by a start of the program',
  },
  {
    shows: ({ status, message }) => status === 404 && /\bbucket\b/i.test(message),
    words: 'there is no such table bucket',
    advice: () =>
      'look whether OTLP2PARQUET_ICEBERG_WAREHOUSE has its name, and the region and account it is in',
  },
  {
    shows: ({ asked, status, type, message }) =>
      asked === 'updateTable' && status === 404 && /table/i.test(`${type} ${message}`),
    words: 'there is no such table any more',
    advice: () => 'make it again, or restart the program to have it made',
  },
  {
    // Nothing is in this question but the warehouse's name.
    shows: ({ asked, status }) => asked === 'getConfig' && status === 400,
    advice: ({ service = '' }) =>
      `look whether OTLP2PARQUET_ICEBERG_WAREHOUSE is ${warehouses[service] ?? 'what the catalog calls it'}`,
  },
  {
    shows: ({ asked, status }) => asked === 'createNamespace' && status === 400,
    advice: () => 'take another namespace (OTLP2PARQUET_ICEBERG_NAMESPACE): its name may not be',
  },
]
