/** Stands before a server that plays AWS, and writes down every call that passes. */
import { createServer, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { AwsCall } from '../infra/aws-calls.ts'
import { listen } from '../tools/listen.ts'

export interface Recorder {
  readonly url: string
  /** The calls since the last look, and forgets them. */
  take(): AwsCall[]
  /** The answer to the next put of an object is lost on its way. */
  loseOne(): void
  close(): Promise<void>
}

/**
 * Passes everything on to `target`, but for secrets, which it answers with `secret` itself. What the catalog says of its own
 * address is the recorder's to whoever asked.
 */
export const startRecorder = async (target: string, secret: string): Promise<Recorder> => {
  let calls: AwsCall[] = []
  let losing = false
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const call = callOf(request, body)
    calls.push(call)
    if (call.service === 'secretsmanager') {
      response.end(JSON.stringify({ SecretString: secret }))
      return
    }
    const answer = await fetch(`${target}${call.url}`, {
      method: call.method,
      headers: passedOn(request),
      ...(body.length > 0 && { body: new Uint8Array(body) }),
    })
    const whole = Buffer.from(await answer.arrayBuffer())
    const own = `http://${request.headers.host}`
    const bytes =
      call.service === 's3tables' ? Buffer.from(whole.toString().replaceAll(target, own)) : whole
    if (losing && call.method === 'PUT') {
      losing = false
      request.socket.destroy()
      return
    }
    const headers = Object.fromEntries(answer.headers)
    delete headers['content-encoding']
    delete headers['transfer-encoding']
    response.writeHead(answer.status, {
      ...headers,
      ...(call.method !== 'HEAD' && { 'content-length': bytes.length }),
    })
    response.end(bytes)
  })
  const { url, stop: close } = await listen(server)
  return {
    url,
    take() {
      const taken = calls
      calls = []
      return taken
    },
    loseOne() {
      losing = true
    },
    close,
  }
}

/** The service that is meant stands in the signature's scope. */
const callOf = (request: IncomingMessage, body: Buffer): AwsCall => ({
  method: request.method ?? '',
  url: request.url ?? '',
  service:
    /Credential=[^,]*\/([a-z0-9]+)\/aws4_request/.exec(request.headers.authorization ?? '')?.[1] ??
    'unsigned',
  body: body.length < 65_536 ? body.toString() : '',
})

const connection = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect'])

const passedOn = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !connection.has(name))
      .map(([name, value]) => [name, String(value)]),
  )
