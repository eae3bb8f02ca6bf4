/** One HTTP exchange with a catalog: JSON both ways, with every digit of its integers. */

import { concatenate } from '../../bytes.ts'
import { KnownError } from '../../errors.ts'
import { type Json, parseJson } from '../json.ts'

/** The runtime's fetch, or a test's. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Empty: none. */
  readonly body: string
}

/** An answer of any status. */
export interface HttpAnswer {
  readonly status: number
  /** What a body of JSON says; undefined where the body is none, such as a proxy's page. */
  readonly json: Json | undefined
  readonly text: string
  /** What went wrong, where a service of AWS says it in a header (`x-amzn-ErrorType`) and its body does not. */
  readonly errorType?: string
  /** `Retry-After` in milliseconds, where there is one. */
  readonly retryAfterMs?: number
}

/** No whole answer came: the request may have been done, may still be done, or never will be. */
export class NoAnswer extends KnownError {
  override readonly name = 'NoAnswer'
}

/** Bytes of an answer. The largest metadata that a catalog is known to allow has 50 MB. */
const maxAnswerBytes = 128 * 2 ** 20

/**
 * Sends one request and reads its answer whole. Redirects are answers like others: followed, a commit would turn into
 * a GET, whose answer looks like a commit's.
 * @throws NoAnswer
 */
export const exchange = async (
  fetch: Fetch,
  { method, url, headers, body }: HttpRequest,
  { timeoutMs, signal, now }: { timeoutMs: number; signal?: AbortSignal; now: () => number },
): Promise<HttpAnswer> => {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      ...(body !== '' && { body }),
    })
    const text = await textOf(response)
    const wait = retryAfterMs(response.headers.get('retry-after'), now())
    const errorType = response.headers.get('x-amzn-errortype')
    const json = jsonOf(text)
    return {
      status: response.status,
      json,
      text,
      ...(errorType !== null && { errorType }),
      ...(wait !== undefined && { retryAfterMs: wait }),
    }
  } catch (cause) {
    throw new NoAnswer(reasonOf(cause), { cause })
  }
}

const textOf = async ({ body }: Response): Promise<string> => {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body ?? []) {
    size += piece.length
    if (size > maxAnswerBytes) throw new Error(`an answer of more than ${maxAnswerBytes} bytes`)
    pieces.push(piece)
  }
  return new TextDecoder().decode(concatenate(pieces))
}

const jsonOf = (text: string): Json | undefined => {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** RFC 9110, 10.2.3: seconds or a date. */
const retryAfterMs = (value: string | null, now: number): number | undefined => {
  if (value === null) return undefined
  const wait = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}

/** Fetch hides what happened (`ECONNREFUSED`, …) in the cause. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
