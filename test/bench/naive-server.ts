/** The naive way behind `node:http`: `node naive-server.ts FOLDER` says where it listens. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { Signal } from '../../src/otlp/decode.ts'
import { naiveIngest } from './naive.ts'

const [folder = '.'] = process.argv.slice(2)

const bodyOf = async (incoming: IncomingMessage): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  return incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
}

const server = createServer(async (incoming, outgoing) => {
  const signal = incoming.url?.replace('/v1/', '') as Signal
  const json = incoming.headers['content-type'] === 'application/json'
  const kind = { signal, encoding: json ? ('json' as const) : ('protobuf' as const) }
  try {
    await naiveIngest(kind, await bodyOf(incoming), folder)
    outgoing.end()
  } catch (error) {
    console.error(error)
    outgoing.writeHead(500).end()
  }
})

server.listen(0, '127.0.0.1', () => {
  console.log(`listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
