/** JSON: OTLP's own dialect of proto3 JSON (opentelemetry-proto, "JSON Protobuf Encoding"). */
import { type Case, json, type More } from '../case.ts'
import { bytes, utf8 } from '../wire.ts'

type Expect = Parameters<typeof json>[2]

const logs = (record: string) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${record}}]}]}]}`
const spans = (span: string) => `{"resourceSpans":[{"scopeSpans":[{"spans":[{${span}}]}]}]}`
const metrics = (metric: string) =>
  `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m",${metric}}]}]}]}`

const request = (name: string, body: string | Uint8Array, expect: Expect, more?: More) =>
  json(`JSON: ${name}`, body, expect, more)
const log = (name: string, record: string, expect: Expect, more?: More) =>
  json(`JSON log: ${name}`, logs(record), expect, more)
const value = (name: string, content: string, expect: Expect, more?: More) =>
  log(`value ${name}`, `"body":${content}`, expect, more)
const span = (name: string, content: string, expect: Expect, more?: More) =>
  json(`JSON span: ${name}`, spans(content), expect, { signal: 'traces', ...more })
const metric = (name: string, content: string, expect: Expect, more?: More) =>
  json(`JSON metric: ${name}`, metrics(content), expect, { signal: 'metrics', ...more })

// biome-ignore format: a case is a line
const whole: readonly Case[] = [
  request('{}', '{}', 200),
  request('null', 'null', 200, { means: '{}' }),
  request('white space around', ' \t\r\n{} \n', 200),
  request('white space inside', '{ "resourceLogs" :\n[ { } , { } ]\t}', 200),
  request('no resources', '{"resourceLogs":[]}', 200),
  request('resources null', '{"resourceLogs":null}', 200),
  request('an empty resource', '{"resourceLogs":[{}]}', 200),
  request('an empty record', logs(''), 200),
  request('null for every part', '{"resourceLogs":[{"resource":null,"schemaUrl":null,"scopeLogs":[{"scope":null,"logRecords":null}]}]}', 200),
  request('unknown keys on every level', '{"a":1,"resourceLogs":[{"b":[1,{"c":null}],"scopeLogs":[{"d":{},"logRecords":[{"e":"f"}]}]}]}', 200),
  request('unknown keys with nested values', '{"a":{"b":[[[{"c":[1.5e10,-0,true,false,null,"\\u0041"]}]]]}}', 200),
  request('the keys of another signal', '{"resourceSpans":[{"scopeSpans":[]}]}', 200),
  request('__proto__, constructor and toString as keys', '{"__proto__":{"a":1},"constructor":{},"toString":1,"resourceLogs":[]}', 200),
  request('the same key twice: the last or all', '{"resourceLogs":[{}],"resourceLogs":[{}]}', 200),
  request('escapes in a key', '{"resource\\u004cogs":[]}', 200),
]

const malformedJson = (name: string, body: string | Uint8Array, more?: More) =>
  request(name, body, 400, more)

// biome-ignore format: a case is a line
const syntax: readonly Case[] = [
  malformedJson('no bytes', bytes()),
  malformedJson('only white space', '  '),
  malformedJson('text', 'hello'),
  malformedJson('one brace', '{'),
  malformedJson('one bracket', '['),
  malformedJson('an array', '[]'),
  malformedJson('a string', '"a"'),
  malformedJson('a number', '1'),
  malformedJson('true', 'true'),
  malformedJson('cut in a key', '{"resourceLo'),
  malformedJson('cut behind a key', '{"resourceLogs"'),
  malformedJson('cut behind a colon', '{"resourceLogs":'),
  malformedJson('cut in a list', '{"resourceLogs":[{}'),
  malformedJson('cut in a string', '{"a":"b'),
  malformedJson('cut in an escape', '{"a":"\\u00'),
  malformedJson('cut in a literal', '{"a":tru'),
  malformedJson('cut in a number', '{"a":-'),
  malformedJson('a comma at the end of an object', '{"resourceLogs":[],}'),
  malformedJson('a comma at the end of a list', '{"resourceLogs":[{},]}'),
  malformedJson('no comma between members', '{"a":1 "b":2}'),
  malformedJson('no comma between elements', '{"a":[1 2]}'),
  malformedJson('two commas', '{"a":1,,"b":2}'),
  malformedJson('no colon', '{"a" 1}'),
  malformedJson('a key without quotes', '{resourceLogs:[]}'),
  malformedJson('single quotes', "{'resourceLogs':[]}"),
  malformedJson('a comment', '{/* */}'),
  malformedJson('the wrong closing bracket', '{"resourceLogs":[}]'),
  malformedJson('NaN as a literal', '{"a":NaN}'),
  malformedJson('undefined', '{"a":undefined}'),
  malformedJson('True', '{"a":True}'),
  malformedJson('a number that begins with 0', '{"a":01}'),
  malformedJson('a number that begins with +', '{"a":+1}'),
  malformedJson('a number that ends with a point', '{"a":1.}'),
  malformedJson('a number that begins with a point', '{"a":.5}'),
  malformedJson('a number without an exponent', '{"a":1e}'),
  malformedJson('hexadecimal', '{"a":0x10}'),
  malformedJson('an unknown escape', '{"a":"\\x41"}'),
  malformedJson('an escape with too few digits', '{"a":"\\u12g4"}'),
  malformedJson('a line break in a string', '{"a":"b\nc"}'),
  malformedJson('a zero byte in a string', '{"a":"b\0c"}'),
  malformedJson('something behind the end', '{} x'),
  malformedJson('a second object behind the end', '{}{}'),
  malformedJson('a bracket behind the end', '{}]'),
  malformedJson('invalid UTF-8 in a string', bytes(utf8('{"a":"'), 0xff, utf8('"}'))),
  malformedJson('invalid UTF-8 in a body', bytes(utf8(logs('"body":{"stringValue":"').slice(0, -8)), 0xc3, 0x28, utf8('"}}]}]}]}'))),
  malformedJson('a lone surrogate in UTF-8', bytes(utf8('{"a":"'), 0xed, 0xa0, 0x80, utf8('"}'))),
  malformedJson('an overlong slash in UTF-8', bytes(utf8('{"a":"'), 0xc0, 0xaf, utf8('"}'))),
  malformedJson('UTF-16', bytes(0xff, 0xfe, 0x7b, 0, 0x7d, 0)),
  request('a byte order mark', bytes(0xef, 0xbb, 0xbf, utf8('{}')), 200),
  malformedJson('two byte order marks', bytes(0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, utf8('{}'))),
]

// biome-ignore format: a case is a line
const structure: readonly Case[] = [
  malformedJson('resources as an object', '{"resourceLogs":{}}'),
  malformedJson('resources as a string', '{"resourceLogs":"a"}'),
  malformedJson('a resource as a number', '{"resourceLogs":[1]}'),
  malformedJson('records as a string', '{"resourceLogs":[{"scopeLogs":[{"logRecords":"a"}]}]}'),
  malformedJson('a record as a list', '{"resourceLogs":[{"scopeLogs":[{"logRecords":[[]]}]}]}'),
  log('attributes as an object', '"attributes":{"k":"v"}', 400),
  log('a body that is a bare string', '"body":"hello"', 400),
  log('a severity text that is a number', '"severityText":1', 400),
  log('attributes null', '"attributes":null', 200),
]

// biome-ignore format: a case is a line
const names: readonly Case[] = [
  request('snake_case keys', '{"resource_logs":[{"scope_logs":[{"log_records":[{"severity_text":"a","time_unix_nano":"1"}]}]}]}', 200),
  span('snake_case keys', '"trace_id":"","start_time_unix_nano":"1","dropped_links_count":2', 200),
  metric('snake_case keys', '"exponential_histogram":{"data_points":[{"zero_count":"1"}]}', 200),
]

// biome-ignore format: a case is a line
const numbers: readonly Case[] = [
  log('a time as a string', '"timeUnixNano":"1700000000000000001"', 200),
  log('a time as a number', '"timeUnixNano":1700000000000000001', 200),
  log('an empty time', '"timeUnixNano":""', 400),
  log('a time of words', '"timeUnixNano":"yesterday"', 400),
  log('a time with a fraction', '"timeUnixNano":"1.5"', 400),
  log('a negative time', '"timeUnixNano":"-1"', 400),
  log('a negative time as a number', '"timeUnixNano":-1', 400),
  log('a time of 2^64', '"timeUnixNano":"18446744073709551616"', 400),
  log('a time as a date', '"timeUnixNano":"2026-01-01T00:00:00Z"', 400),
  log('a time as true', '"timeUnixNano":true', 400),
  log('a time as an object', '"timeUnixNano":{}', 400),
  log('a time null', '"timeUnixNano":null', 200),
  log('flags', '"flags":1', 200),
  log('dropped attributes', '"droppedAttributesCount":3', 200),
  log('a severity as a number', '"severityNumber":9', 200),
  log('a severity as a name', '"severityNumber":"SEVERITY_NUMBER_INFO"', 200),
  log('an unknown severity', '"severityNumber":99', 200),
  log('an unknown severity name', '"severityNumber":"SEVERITY_NUMBER_LOUD"', 400),
  value('int as a string', '{"intValue":"9223372036854775807"}', 200),
  value('int as a number', '{"intValue":-9223372036854775808}', 200),
  value('int 2^63', '{"intValue":"9223372036854775808"}', 400),
  value('int 2^63 and another value', '{"intValue":"9223372036854775808" "5"}', 400),
  value('int of 19 digits and another', '{"intValue":9999999999999999999\n7}', 400),
  value('int below -2^63', '{"intValue":"-9223372036854775809"}', 400),
  value('int of words', '{"intValue":"one"}', 400),
  value('int with a fraction', '{"intValue":1.5}', 400),
  value('double', '{"doubleValue":1.5}', 200),
  value('double as a string', '{"doubleValue":"1.5"}', 200),
  value('double 1e308', '{"doubleValue":1e308}', 200),
  value('double -0', '{"doubleValue":-0.0}', 200),
  value('double NaN', '{"doubleValue":"NaN"}', 200),
  value('double Infinity', '{"doubleValue":"Infinity"}', 200),
  value('double -Infinity', '{"doubleValue":"-Infinity"}', 200),
  value('double of words', '{"doubleValue":"much"}', 400),
  value('bool', '{"boolValue":true}', 200),
  value('bool as a number', '{"boolValue":1}', 400),
  value('bool as a word', '{"boolValue":"yes"}', 400),
]

// biome-ignore format: a case is a line
const values: readonly Case[] = [
  value('string', '{"stringValue":"hello"}', 200),
  value('string of escapes', '{"stringValue":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"}', 200),
  value('string of a lone surrogate', '{"stringValue":"\\ud83d"}', 200, { means: logs('"body":{"stringValue":"\ufffd"}') }),
  value('string beyond ASCII', '{"stringValue":"äöü €"}', 200),
  value('string null', '{"stringValue":null}', 200),
  value('string that is a number', '{"stringValue":1}', 400),
  value('empty', '{}', 200),
  value('null', 'null', 200),
  value('array', '{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"a"},{}]}}', 200),
  value('array without values', '{"arrayValue":{}}', 200),
  value('map', '{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":false}},{"key":"b"}]}}', 200),
  value('map with __proto__', '{"kvlistValue":{"values":[{"key":"__proto__","value":{"stringValue":"x"}}]}}', 200),
  value('bytes', '{"bytesValue":"AP8="}', 200),
  value('bytes without padding', '{"bytesValue":"AP8"}', 200),
  value('bytes with - and _', '{"bytesValue":"-_8="}', 200),
  value('bytes empty', '{"bytesValue":""}', 200),
  value('bytes that are no base64', '{"bytesValue":"*"}', 400),
  value('bytes of one digit', '{"bytesValue":"A"}', 400),
  value('two kinds: the last', '{"stringValue":"a","intValue":"1"}', 200, { means: logs('"body":{"intValue":"1"}') }),
  value('of an unknown kind', '{"dateValue":"today"}', 200),
  value('nested 50 deep', `${'{"arrayValue":{"values":['.repeat(50)}{}${']}}'.repeat(50)}`, 200),
]

// biome-ignore format: a case is a line
const ids: readonly Case[] = [
  log('trace and span id', '"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708"', 200),
  log('ids in upper case', '"traceId":"0102030405060708090A0B0C0D0E0F10","spanId":"AABBCCDDEEFF0011"', 200),
  log('empty ids', '"traceId":"","spanId":""', 200),
  log('ids of zeros', '"traceId":"00000000000000000000000000000000","spanId":"0000000000000000"', 200),
  log('an id null', '"traceId":null', 200),
  log('an id that is a number', '"traceId":1', 400),
  log('an id of an odd number of digits', '"traceId":"012"', 400),
  log('an id that is no hex', '"traceId":"0102030405060708090a0b0c0d0e0fzz"', 400),
  log('an id in base64', '"traceId":"AQIDBAUGBwgJCgsMDQ4PEA=="', 400),
]

// biome-ignore format: a case is a line
const spanCases: readonly Case[] = [
  span('every field', '"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","traceState":"a=b","parentSpanId":"0102030405060708","flags":256,"name":"GET","kind":2,"startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[{"key":"k","value":{"intValue":"1"}}],"droppedAttributesCount":1,"events":[{"timeUnixNano":"1","name":"e"}],"droppedEventsCount":1,"links":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","flags":1}],"droppedLinksCount":1,"status":{"message":"m","code":2}', 200),
  span('a kind as a name', '"kind":"SPAN_KIND_SERVER"', 200),
  span('an unknown kind', '"kind":42', 200),
  span('an unknown kind name', '"kind":"SPAN_KIND_ALIEN"', 400),
  span('a status as a name', '"status":{"code":"STATUS_CODE_ERROR"}', 200),
  span('events null', '"events":null,"links":null,"status":null', 200),
  span('an event null', '"events":[null]', 200, { means: spans('"events":[]') }),
]

// biome-ignore format: a case is a line
const metricCases: readonly Case[] = [
  metric('gauge', '"gauge":{"dataPoints":[{"timeUnixNano":"1","asDouble":1.5}]}', 200),
  metric('gauge of an int', '"gauge":{"dataPoints":[{"asInt":"5"},{"asInt":5}]}', 200),
  metric('gauge of null', '"gauge":{"dataPoints":[{"asDouble":null}]}', 200),
  metric('gauge of NaN', '"gauge":{"dataPoints":[{"asDouble":"NaN"}]}', 200),
  metric('sum', '"sum":{"dataPoints":[{"asDouble":1}],"aggregationTemporality":2,"isMonotonic":true}', 200),
  metric('sum with a name', '"sum":{"dataPoints":[{"asDouble":1}],"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"}', 200),
  metric('histogram', '"histogram":{"dataPoints":[{"count":"3","sum":6,"min":1,"max":3,"bucketCounts":["1",2],"explicitBounds":[1.5]}],"aggregationTemporality":2}', 200),
  metric('histogram with a count of words', '"histogram":{"dataPoints":[{"count":"many"}]}', 400),
  metric('histogram with a bucket of words', '"histogram":{"dataPoints":[{"bucketCounts":["many"]}]}', 400),
  metric('exponential histogram', '"exponentialHistogram":{"dataPoints":[{"count":"3","scale":-2,"zeroCount":1,"positive":{"offset":-1,"bucketCounts":["1","2"]},"negative":{}}]}', 200),
  metric('summary', '"summary":{"dataPoints":[{"count":"1","sum":1,"quantileValues":[{"quantile":0.5,"value":1}]}]}', 200),
  metric('exemplars', '"gauge":{"dataPoints":[{"asDouble":1,"exemplars":[{"timeUnixNano":"1","asInt":"1","spanId":"0102030405060708","traceId":"0102030405060708090a0b0c0d0e0f10"}]}]}', 200),
  metric('no points', '"gauge":{}', 200),
  metric('metadata', '"metadata":[{"key":"a","value":{"stringValue":"b"}}]', 200),
]

const brackets = (n: number) => `{"a":${'['.repeat(n)}${']'.repeat(n)}}`

// biome-ignore format: a case is a line
const depth: readonly Case[] = [
  request('unknown lists 90 deep', brackets(90), 200),
  request('unknown lists 100,000 deep', brackets(100_000), 400),
  request('100,000 opening brackets', '['.repeat(100_000), 400),
  request('100,000 opening objects', '{"a":'.repeat(100_000), 400),
]

// biome-ignore format: a case is a line
export const jsons: readonly Case[] = [
  ...whole,
  ...syntax,
  ...structure,
  ...names,
  ...numbers,
  ...values,
  ...ids,
  ...spanCases,
  ...metricCases,
  ...depth,
  json('JSON in chunks of one byte', logs('"severityText":"ä"'), 200, { chunked: 1 }),
  json('malformed JSON in chunks', '{"resourceLogs":[', 400, { chunked: 4 }),
]
