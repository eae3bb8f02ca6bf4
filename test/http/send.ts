/** Ways to send a case's request: into an application in this process, or over HTTP to a URL. */
import { type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestOverTls } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { ReadableStream } from 'node:stream/web'
import type { WireAnswer, WireRequest } from './case.ts'

export type Send = (request: WireRequest) => Promise<WireAnswer>

/** Calls `fetch` of an application. */
export const sendTo =
  (fetch: (request: Request) => Response | Promise<Response>): Send =>
  async ({ method, path, headers, body, chunked }) => {
    const length = body && !chunked ? { 'Content-Length': String(body.length) } : undefined
    const answer = await fetch(
      new Request(`http://127.0.0.1${path}`, {
        method,
        headers: { ...length, ...headers },
        body: body ? streamOf(body, chunked) : null,
        duplex: 'half',
      } as RequestInit),
    )
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: new Uint8Array(await answer.arrayBuffer()),
    }
  }

const streamOf = (body: Uint8Array, size = 65536) => ReadableStream.from(chunksOf(body, size))

function* chunksOf(body: Uint8Array, size: number) {
  for (let at = 0; at < body.length; at += size) yield body.slice(at, at + size)
}

/** Milliseconds for which an answer is waited for: longer than any deadline of ours. */
const patience = 20_000

/**
 * Sends over HTTP or HTTPS, each request on a connection of its own.
 *
 * @param url what stands before the paths
 * @param always headers of every request, unless a case has its own
 */
export const sendOver = (url: string, always: Readonly<Record<string, string>> = {}): Send => {
  const { protocol, hostname, port, pathname } = new URL(url)
  const request = protocol === 'https:' ? requestOverTls : requestPlain
  return async ({ method, path, headers, body, chunked }) => {
    const length = body && !chunked ? { 'Content-Length': body.length } : undefined
    const sent = request({
      agent: false,
      host: hostname.replace(/^\[|\]$/g, ''),
      port,
      method,
      path: pathname.replace(/\/$/, '') + path,
      headers: { ...always, ...length, ...headers },
      signal: AbortSignal.timeout(patience),
    })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve).on('error', reject)
    })
    if (body && chunked) for (const chunk of chunksOf(body, chunked)) sent.write(chunk)
    else if (body) sent.write(body)
    sent.end()
    const answer = await answered
    return {
      status: answer.statusCode ?? 0,
      headers: answer.headers as Record<string, string | undefined>,
      body: await buffer(answer),
    }
  }
}
