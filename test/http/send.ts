/** Ways to send a case's request: into an application in this process, or over HTTP to a URL. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
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

/** Sends over HTTP, each request on a connection of its own. */
export const sendOver =
  (url: string): Send =>
  async ({ method, path, headers, body, chunked }) => {
    const { hostname, port, pathname } = new URL(url)
    const length = body && !chunked ? { 'Content-Length': body.length } : undefined
    const agent = new Agent({ keepAlive: false })
    const sent = httpRequest({
      agent,
      host: hostname,
      port,
      method,
      path: pathname.replace(/\/$/, '') + path,
      headers: { ...length, ...headers },
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
