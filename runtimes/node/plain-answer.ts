import type { Answer, Respond } from '../../src/app.ts'

/**
 * An answer that goes straight to node:http. Node's own `Response` and its kin come with undici,
 * whose loading takes as long as everything else of a start together. To Hono this is a response
 * like any other: it looks into none, and what copies one (`new Response(it.body, it)`, for CORS
 * and HEAD) finds the same names here.
 */
export class PlainAnswer implements Answer {
  readonly status: number
  readonly headers: Answer['headers']
  readonly body: Answer['body']

  constructor({ status, headers, body }: Answer) {
    this.status = status
    this.headers = headers
    this.body = body
  }
}

/** What `createApp` is given on Node. */
export const respondPlainly: Respond = (answer) => new PlainAnswer(answer) as unknown as Response
