import { rpcStatus } from '../../src/otlp/response.ts'

/** `google.rpc.Code.UNAVAILABLE` */
const unavailable = 14

/** The answer where there is no application that could give one. */
export const comeAgain = (words: string): Response =>
  new Response(rpcStatus('json', unavailable, words), {
    status: 503,
    headers: { 'Content-Type': 'application/json', 'Retry-After': '1' },
  })
