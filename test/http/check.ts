/** Compares an answer with what a case expects. */
import { fromBinary, fromJsonString } from '@bufbuild/protobuf'
import { ExportLogsServiceResponseSchema } from '../judge/gen/logs_service_pb.ts'
import { ExportMetricsServiceResponseSchema } from '../judge/gen/metrics_service_pb.ts'
import { StatusSchema } from '../judge/gen/status_pb.ts'
import { ExportTraceServiceResponseSchema } from '../judge/gen/trace_service_pb.ts'
import { type Case, type Expected, encodingOf, type WireAnswer } from './case.ts'
import { type Dialect, ours } from './dialect.ts'

type AnswerEncoding = 'protobuf' | 'json'

/** What is wrong with an answer, one line each; nothing when it is as the case says. */
export const problems = (test: Case, answer: WireAnswer, dialect: Dialect = ours): string[] => {
  const expect = dialect.expected(test)
  if (answer.status !== expect.status) {
    return [
      `status ${answer.status} instead of ${expect.status}: ${textOf(answer.body).slice(0, 200)}`,
    ]
  }
  const headers = { ...dialect.headers(expect), ...expect.headers }
  return [...headerProblems(answer, headers), ...bodyProblems(test, expect, answer, dialect)]
}

function* headerProblems(answer: WireAnswer, headers: NonNullable<Expected['headers']>) {
  for (const [name, wanted] of Object.entries(headers)) {
    const value = answer.headers[name.toLowerCase()]
    const fits =
      wanted === null
        ? value === undefined
        : wanted instanceof RegExp
          ? wanted.test(value ?? '')
          : value === wanted
    if (!fits) yield `header ${name}: ${value} instead of ${wanted}`
  }
}

function* bodyProblems(test: Case, expect: Expected, answer: WireAnswer, dialect: Dialect) {
  if (test.request.method === 'HEAD' || answer.status === 204) {
    if (answer.body.length > 0) yield 'a body where none may be'
    return
  }
  if (expect.text !== undefined) {
    if (textOf(answer.body) !== expect.text) yield `body ${textOf(answer.body)}`
    return
  }
  const kind = expect.status === 200 ? 'status' : dialect.errorBody(expect.status)
  if (kind === 'any') return
  if (kind === 'text') {
    const type = answer.headers['content-type'] ?? ''
    if (!type.startsWith('text/plain')) yield `content-type ${type} instead of plain text`
    return
  }
  const encoding = expect.encoding ?? encodingFor(test)
  const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf'
  if (answer.headers['content-type'] !== type) {
    yield `content-type ${answer.headers['content-type']} instead of ${type}`
  } else if (expect.status === 200) {
    yield* exportProblems(test.request.path, expect, encoding, answer.body, dialect)
  } else {
    yield* statusProblems(expect, encoding, answer.body)
  }
}

/** Answers are encoded as the request's `Content-Type` says, JSON lines in JSON. */
const encodingFor = ({ request }: Case): AnswerEncoding =>
  encodingOf(request) === 'protobuf' ? 'protobuf' : 'json'

function* exportProblems(
  path: string,
  { rejected = 0, message = /^.{0,1024}$/s }: Expected,
  encoding: AnswerEncoding,
  body: Uint8Array,
  dialect: Dialect,
) {
  if (rejected === 0) {
    const whole = encoding === 'json' ? textOf(body) : Buffer.from(body).toString('hex')
    if (whole !== dialect.emptyAnswers[encoding]) yield `success with the body ${whole}`
    return
  }
  const partial = readPartialSuccess(path, encoding, body)
  if (partial.rejected !== rejected) yield `${partial.rejected} rejected instead of ${rejected}`
  if (!message.test(partial.message)) yield `message ${partial.message} instead of ${message}`
  if (partial.message === '') yield 'a partial success without a message'
}

const readPartialSuccess = (path: string, encoding: AnswerEncoding, body: Uint8Array) => {
  if (path.includes('traces')) {
    const { partialSuccess } = decode(ExportTraceServiceResponseSchema, encoding, body)
    return {
      rejected: Number(partialSuccess?.rejectedSpans),
      message: partialSuccess?.errorMessage ?? '',
    }
  }
  if (path.includes('metrics')) {
    const { partialSuccess } = decode(ExportMetricsServiceResponseSchema, encoding, body)
    return {
      rejected: Number(partialSuccess?.rejectedDataPoints),
      message: partialSuccess?.errorMessage ?? '',
    }
  }
  const { partialSuccess } = decode(ExportLogsServiceResponseSchema, encoding, body)
  return {
    rejected: Number(partialSuccess?.rejectedLogRecords),
    message: partialSuccess?.errorMessage ?? '',
  }
}

function* statusProblems({ message = /./ }: Expected, encoding: AnswerEncoding, body: Uint8Array) {
  try {
    const status = decode(StatusSchema, encoding, body)
    if (status.code < 1 || status.code > 16) yield `google.rpc.Code ${status.code}`
    if (!message.test(status.message)) yield `message ${status.message} instead of ${message}`
    if (Buffer.byteLength(status.message) > 1024) yield 'a message above 1 KiB'
  } catch (error) {
    yield `no google.rpc.Status: ${error}`
  }
}

const decode = <Schema extends Parameters<typeof fromBinary>[0]>(
  schema: Schema,
  encoding: AnswerEncoding,
  body: Uint8Array,
) => (encoding === 'json' ? fromJsonString(schema, textOf(body)) : fromBinary(schema, body))

const textOf = (body: Uint8Array) => new TextDecoder().decode(body)
