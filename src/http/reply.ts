import type { Encoding } from '../ingest.ts'

/** How answers are encoded: as the request is; JSON lines are answered in JSON, unknown types in protobuf. */
export type AnswerEncoding = 'protobuf' | 'json'

/** In which encoding a request is answered; `undefined`: one with an unknown content type. */
export const answerEncoding = (encoding: Encoding | undefined): AnswerEncoding =>
  encoding === 'json' || encoding === 'jsonl' ? 'json' : 'protobuf'

/** Senders compare the whole value: no parameters. */
const contentTypes = { protobuf: 'application/x-protobuf', json: 'application/json' } as const

/** An answer with its exact `Content-Type`; nobody shall guess another one from the bytes. */
export const reply = (
  status: number,
  encoding: AnswerEncoding,
  body: Uint8Array<ArrayBuffer> | string,
  headers?: Readonly<Record<string, string>>,
): Response =>
  new Response(body, {
    status,
    headers: {
      'Content-Type': contentTypes[encoding],
      'X-Content-Type-Options': 'nosniff',
      ...headers,
    },
  })
