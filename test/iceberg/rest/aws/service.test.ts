// Protects the strict stand-in for S3 Tables: it refuses what AWS refuses, so that what it takes says something; and the
// program sends none of it by itself.
import { AwsClient } from 'aws4fetch'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Catalog } from '../../../../src/iceberg/catalog.ts'
import type { AwsCredentials } from '../../../../src/iceberg/rest/sigv4.ts'
import { append, creation } from '../../../contracts/commits.ts'
import { openCatalog } from '../open.ts'
import { type Hosts, playHosts } from './hosts.ts'
import { type AwsService, createService, credentials, s3TablesIn } from './service.ts'

const kind = s3TablesIn('eu-west-1', 'lake')
const uri = 'https://s3tables.eu-west-1.amazonaws.com/iceberg'
const root = `${uri}/v1/${kind.prefix}/namespaces`

let hosts: Hosts
let service: AwsService
beforeEach(async () => {
  service = createService(kind)
  hosts = await playHosts(service.answer)
})
afterEach(() => hosts.close())

const open = (known: AwsCredentials = credentials, region = 'eu-west-1'): Catalog => {
  const auth = {
    type: 'sigv4',
    signingName: 's3tables',
    region,
    credentials: async () => known,
  } as const
  return openCatalog(uri, { warehouse: kind.warehouse, auth })
}
const refusedWith = (words: RegExp) =>
  expect.objectContaining({
    cause: expect.objectContaining({ message: expect.stringMatching(words) }),
  })
const logs = { namespace: ['otel'], name: 'logs' }

it.each([
  ['a key that is another', { ...credentials, secretAccessKey: 'other' }, 'eu-west-1'],
  ['a token that is another', { ...credentials, sessionToken: 'other' }, 'eu-west-1'],
  ['another region', credentials, 'us-east-1'],
])('refuses %s', async (_, known, region) => {
  await expect(open(known, region).ready()).rejects.toThrow('the catalog refuses its credentials')
})

it.each<[string, string[], string, RegExp]>([
  ['upper case in a table', ['otel'], 'Logs', /table name is not valid/],
  ['a hyphen in a table', ['otel'], 'otel-logs', /table name is not valid/],
  ['upper case in a namespace', ['Otel'], 'logs', /namespace name is not valid/],
  ["AWS's own namespaces", ['aws_otel'], 'logs', /namespace name is not valid/],
  ['a second level', ['otel', 'eu'], 'logs', /namespace name is not valid/],
])('refuses %s', async (_, namespace, name, words) => {
  await open().create(logs, creation())
  await expect(open().create({ namespace, name }, creation())).rejects.toEqual(refusedWith(words))
})

it('refuses a column in upper case', async () => {
  const { schema, ...rest } = creation()
  const fields = schema.fields.map((field) => ({ ...field, name: field.name.toUpperCase() }))
  const loud = { ...rest, schema: { ...schema, fields } }
  await expect(open().create(logs, loud)).rejects.toEqual(refusedWith(/metadata is not valid/))
})

it('refuses an update that is none of the specification', async () => {
  const table = await open().create(logs, creation())
  const { requirements, updates } = append(table, 1n)
  const bold = { requirements, updates: [...updates, { action: 'append' } as never] }
  await expect(open().commit(table, bold)).rejects.toEqual(refusedWith(/metadata is not valid/))
})

describe('by hand', () => {
  const ask = async (method: string, url: string, body?: object): Promise<unknown> => {
    const aws = new AwsClient({ ...credentials, service: 's3tables', region: 'eu-west-1' })
    const text = body === undefined ? '' : JSON.stringify(body)
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
    const headers = {
      'x-amz-content-sha256': Buffer.from(digest).toString('hex'),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const { url: signed, headers: all } = await aws.sign(url, {
      method,
      headers,
      ...(body !== undefined && { body: text }),
    })
    const response = await fetch(signed, {
      method,
      headers: all,
      ...(text !== '' && { body: text }),
    })
    return [response.status, (await response.json()).error?.message]
  }
  const table = { name: 'logs', schema: { type: 'struct', fields: [] }, properties: {} }
  const notAllowed = [405, 'The specified method is not allowed.']

  it.each<[string, string, string, object | undefined, unknown[]]>([
    ['a list of namespaces', 'GET', root, undefined, notAllowed],
    ['a list of tables', 'GET', `${root}/otel/tables`, undefined, notAllowed],
    ['a table to be dropped', 'DELETE', `${root}/otel/tables/logs`, undefined, notAllowed],
    ['a namespace to be dropped', 'DELETE', `${root}/otel`, undefined, notAllowed],
    ['credentials', 'GET', `${root}/otel/tables/logs/credentials`, undefined, notAllowed],
    [
      'a staged table',
      'POST',
      `${root}/otel/tables`,
      { ...table, 'stage-create': true },
      [400, 'Staged table creation is not supported.'],
    ],
    [
      'properties of a namespace',
      'POST',
      root,
      { namespace: ['otel'], properties: { a: 'b' } },
      [400, 'Namespace properties are not supported.'],
    ],
    [
      'a table bucket that is another',
      'GET',
      `${uri}/v1/config?warehouse=other`,
      undefined,
      [400, 'The specified table bucket ARN is not valid.'],
    ],
    [
      'the ARN in another spelling',
      'POST',
      `${uri}/v1/${kind.prefix.replaceAll('%3A', ':')}/namespaces`,
      { namespace: ['otel'], properties: {} },
      [400, 'The specified table bucket ARN is not valid.'],
    ],
  ])('refuses %s', async (_, method, url, body, wanted) => {
    expect(await ask(method, url, body)).toEqual(wanted)
  })
})
