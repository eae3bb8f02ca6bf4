// Protects the judge itself: every spelling of a request means the request, JSON text is read exactly, and rows
// that break the tables' rules are refused instead of being bent into a request.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DescMessage, fromJsonString } from '@bufbuild/protobuf'
import { nestedTypes } from '@bufbuild/protobuf/reflect'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { any, attributes, hex, type Literal } from '../golden/literals.ts'
import { request } from './arbitrary.ts'
import { files } from './descriptors.ts'
import { toJson } from './json.ts'
import { anyValueOf, attributesOf } from './json-text.ts'
import { normalize } from './normalize.ts'
import { toProtobufVariant } from './protobuf.ts'
import { plain, random } from './random.ts'
import { fromProtobuf, type Request, schemas, signalOf, toProtobuf } from './request.ts'
import { requestOfRows } from './rows.ts'

const requests = (check: (request: Request, seed: number) => void) =>
  fc.assert(fc.property(request, fc.integer(), check), { numRuns: 150 })

describe('spellings of a request', () => {
  it('protobuf variants are read by @bufbuild/protobuf as the same request', () =>
    requests((request, seed) => {
      const bytes = toProtobufVariant(request, random(seed))
      expect(normalize(fromProtobuf(signalOf(request), bytes))).toEqual(normalize(request))
    }))

  it('the plain protobuf variant is what @bufbuild/protobuf writes, in field order', () =>
    requests((request) => {
      expect(fromProtobuf(signalOf(request), toProtobufVariant(request, plain))).toEqual(request)
      expect(toProtobufVariant(request, plain).length).toBe(toProtobuf(request).length)
    }))

  it('plain JSON is read by @bufbuild/protobuf as the same request, but for the ids in hex', () =>
    requests((request) => {
      const schema: DescMessage = schemas[signalOf(request)]
      const text = toJson(request).replace(
        /("(?:traceId|spanId|parentSpanId)":)"([0-9a-f]*)"/g,
        (_, key, digits) => `${key}"${Buffer.from(digits, 'hex').toString('base64')}"`,
      )
      expect(fromJsonString(schema, text, { recursionLimit: 1000 })).toEqual(request)
    }))

  it('varied JSON is JSON', () =>
    requests((request, seed) => {
      expect(() => JSON.parse(toJson(request, random(seed)))).not.toThrow()
    }))
})

describe('the normal form', () => {
  it('is its own normal form', () =>
    requests((request) => {
      expect(normalize(normalize(request))).toEqual(normalize(request))
    }))
})

describe('JSON text of AnyValues', () => {
  const cases: readonly (readonly [string, Literal])[] = [
    ['null', null],
    ['"\\u00e9\\n𝄞"', 'é\n𝄞'],
    ['9223372036854775807', 9223372036854775807n],
    ['-1', -1n],
    ['3.0', 3],
    ['-0.0', -0],
    ['1e+21', 1e21],
    ['{"doubleValue":"NaN"}', Number.NaN],
    ['{"bytesValue":"AP8="}', hex('00ff')],
    [
      '{"bytesValue":"AP8=","a":1}',
      new Map<string, Literal>([
        ['bytesValue', 'AP8='],
        ['a', 1n],
      ]),
    ],
    ['{"kvlistValue":{"bytesValue":"x"}}', new Map([['bytesValue', 'x']])],
    [
      '{"a":{},"b":[null,{}]}',
      new Map<string, Literal>([
        ['a', new Map()],
        ['b', [null, new Map()]],
      ]),
    ],
  ]
  for (const [text, value] of cases) {
    it(text, () => expect(anyValueOf(text)).toEqual(any(value)))
  }

  it('keeps equal keys and their order', () =>
    expect(attributesOf('{"b":1,"a":2,"b":null}')).toEqual(
      attributes([
        ['b', 1n],
        ['a', 2n],
        ['b', null],
      ]),
    ))

  const refused = [
    '',
    '1 2',
    '{"a":1,}',
    '[1',
    '01',
    '9223372036854775808',
    '{"bytesValue":"AP8"}',
    '{"a" 1}',
  ]
  for (const text of [
    ...refused,
    '{"doubleValue":"1"}',
    '{"doubleValue":1}',
    '{1:2}',
    '"\u0001"',
  ]) {
    it(`refuses ${text}`, () => expect(() => anyValueOf(text)).toThrow())
  }
})

describe('rows that break a rule', () => {
  it('refuses a RequestRow that stands twice', () =>
    expect(() =>
      requestOfRows('logs', [
        { table: 'logs', row: { RequestRow: 1 } },
        { table: 'logs', row: { RequestRow: 1 } },
      ]),
    ).toThrow('RequestRow 1 stands twice'))

  it('refuses a scope of which only some columns are null', () =>
    expect(() =>
      requestOfRows('logs', [
        {
          table: 'logs',
          row: { RequestRow: 1, ResourceAttributes: null, ResourceEntityRefs: '[]' },
        },
      ]),
    ).toThrow('are null'))
})

describe('the generated code', () => {
  /** `package.Message.field = number` of every field and enum value that the .proto files declare. */
  const declared = () => {
    const found: string[] = []
    for (const file of readdirSync(join(import.meta.dirname, 'proto'))) {
      const text = readFileSync(join(import.meta.dirname, 'proto', file), 'utf8')
      const path: string[] = []
      for (const line of text.split('\n')) {
        const [, name] = /^package (\S+);/.exec(line) ?? []
        if (name !== undefined) path.push(name)
        const [, opened, within] = /^ *(message|enum|oneof) (\w+) \{/.exec(line) ?? []
        // The values of an enum and the members of a oneof are called as if they stood in the message around it.
        if (opened !== undefined) path.push(opened === 'message' ? (within as string) : '')
        const [, field, number] = /(\w+) = (-?\d+);/.exec(line) ?? []
        if (field !== undefined)
          found.push(`${path.filter(Boolean).join('.')}.${field} = ${number}`)
        if (/^ *\}/.test(line)) path.pop()
      }
    }
    return found.sort()
  }

  it('has the names and numbers that the schema declares (interop compares all of it)', () => {
    const types = files.flatMap((file) => [...nestedTypes(file)])
    const generated = types.flatMap((type) => {
      if (type.kind === 'message')
        return type.fields.map(({ name, number }) => `${type.typeName}.${name} = ${number}`)
      if (type.kind !== 'enum') return []
      const around = type.parent?.typeName ?? type.file.proto.package
      return type.values.map(({ name, number }) => `${around}.${name} = ${number}`)
    })
    expect(generated.sort()).toEqual(declared())
  })
})
