/**
 * The form in which two requests are equal when nothing was lost between them: containers without
 * records are dropped, equal neighbours merged, and an AnyValue without a value is no value.
 */
import { clone } from '@bufbuild/protobuf'
import { entriesOf, type Request, requestOf, schemas, signalOf } from './request.ts'

/** A copy of a request in that form. */
export const normalize = <R extends Request>(request: R): R => {
  const signal = signalOf(request)
  const copy = clone(schemas[signal], request) as Request
  settle(copy)
  return requestOf(signal, entriesOf(copy)) as R
}

/** Removes, in place and at every depth, unknown fields and each AnyValue field that says nothing. */
const settle = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  const message = value as Record<string, unknown>
  delete message.$unknown
  for (const name of ['value', 'body']) if (saysNothing(message[name])) delete message[name]
  Object.values(message).forEach(settle)
}

const saysNothing = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false
  const { $typeName, value: held } = value as { $typeName?: string; value?: { case?: string } }
  return $typeName === 'opentelemetry.proto.common.v1.AnyValue' && held?.case === undefined
}
