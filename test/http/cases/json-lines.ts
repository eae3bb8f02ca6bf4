/** JSON lines: each line one JSON request, all together one request (the Collector's file exporter writes such files). */
import { gzipSync } from 'node:zlib'
import { type Case, jsonl } from '../case.ts'
import { bytes, utf8 } from '../wire.ts'

const line = (text: string) =>
  `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":"${text}"}]}]}]}`
const spans = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]}'

const lines = (
  name: string,
  body: string | Uint8Array,
  expect: Parameters<typeof jsonl>[2],
  more: object = {},
) => jsonl(`lines: ${name}`, body, expect, more)

// biome-ignore format: a case is a line
export const jsonLines: readonly Case[] = [
  lines('one', line('a'), 200),
  lines('one with its line break', `${line('a')}\n`, 200),
  lines('three', `${line('a')}\n${line('b')}\n${line('c')}`, 200),
  lines('with \\r\\n', `${line('a')}\r\n${line('b')}\r\n`, 200),
  lines('empty lines between', `\n${line('a')}\n\n\n${line('b')}\n\n`, 200),
  lines('lines of white space', `${line('a')}\n  \t\n${line('b')}`, 200),
  lines('no bytes', '', 200),
  lines('only line breaks', '\n\n\n', 200),
  lines('a byte order mark', bytes(0xef, 0xbb, 0xbf, utf8(line('a'))), 200),
  lines('1,000 lines', `${line('a')}\n`.repeat(1000), 200),
  lines('the empty request', '{}\n{}\n', 200),
  lines('null', 'null\nnull', 200, { means: '{}' }),
  lines('spans', `${spans}\n${spans}`, 200, { signal: 'traces' }),
  lines('gzip', gzipSync(`${line('a')}\n${line('b')}`), 200, { headers: { 'Content-Encoding': 'gzip' } }),
  lines('chunked', `${line('a')}\n${line('b')}`, 200, { chunked: 9 }),
  lines('one is cut', `${line('a')}\n${line('b').slice(0, -3)}\n${line('c')}`, 400),
  lines('the last is cut', `${line('a')}\n${line('b').slice(0, -1)}`, 400),
  lines('one is no object', `${line('a')}\n[]\n`, 400),
  lines('two on one line', `${line('a')}${line('b')}`, 400),
  lines('a request over several lines', '{\n"resourceLogs":[]\n}', 400),
  lines('text', 'hello\nworld', 400),
  lines('one rejected record', `${line('a')}\n{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"01"}]}]}]}`, {
    status: 200,
    rejected: 1,
  }),
]
