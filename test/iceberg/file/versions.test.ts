// Protects: the latest version of a table's metadata is found whatever the hint says, in few round trips; where it cannot
// be told for sure, that is said, and never a table made anew or an old version taken for the latest.
import { beforeEach, describe, expect, it } from 'vitest'
import { readHint } from '../../../src/iceberg/file/hint.ts'
import { listVersions } from '../../../src/iceberg/file/listed-versions.ts'
import {
  latestVersion,
  metadataKey,
  publish,
  type Version,
} from '../../../src/iceberg/file/versions.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { createCountedStorage } from './rounds.ts'

const table = 'otel/logs'
const hint = `${table}/metadata/version-hint.text`
const utf8 = (text: string) => new TextEncoder().encode(text)

const put = async (storage: Storage, from: number, to: number, text = 'v'): Promise<void> => {
  for (let version = from; version <= to; version++) {
    await storage.put(metadataKey(table, version), utf8(`${text}${version}`))
  }
}

/** What a caller who saw this version knows. */
const knownAs = (version: number, text = 'v'): Version => ({
  version,
  bytes: utf8(`${text}${version}`),
})

describe('the latest version', () => {
  // Versions that stand, the hint, the version that the caller saw last, and which is the latest.
  it.each([
    ['of a new table', 1, 1, '1', null, 1],
    ['under the hint', 1, 7, '7', null, 7],
    ['under a hint with a line break', 1, 7, '7\n', null, 7],
    ['one behind the hint', 1, 8, '7', null, 8],
    ['two behind the hint', 1, 9, '7', null, 9],
    ['far behind the hint', 1, 300, '7', null, 300],
    ['without a hint', 1, 300, null, null, 300],
    ['under a hint that is nonsense', 1, 9, 'seven', null, 9],
    ['under an empty hint', 1, 9, '', null, 9],
    ['under a negative hint', 1, 9, '-3', null, 9],
    ['under a hint that is no whole number', 1, 9, '3.5', null, 9],
    ['under a hint of many digits', 1, 9, '9'.repeat(40), null, 9],
    ['under a hint ahead', 1, 9, '12', null, 9],
    ['when old versions are gone', 200, 300, '300', null, 300],
    ['when old versions are gone, and the hint', 200, 300, null, null, 300],
    ['when old versions are gone, the one of the hint too', 200, 300, '5', null, 300],
    ['that the caller knows', 1, 9, '9', 9, 9],
    ['that the caller knows, under an old hint', 1, 9, '4', 9, 9],
    ['that the caller knows, without a hint', 200, 300, null, 300, 300],
    ['one after the known', 1, 9, '9', 8, 9],
    ['one after the known, not published yet', 1, 9, '8', 8, 9],
    ['many after the known', 1, 90, '8', 8, 90],
    ['when the known is long gone', 200, 300, '300', 8, 300],
    ['when the known is long gone, and the hint', 200, 300, null, 8, 300],
  ] as const)('%s', async (_, from, to, text, known, latest) => {
    const storage = createMemoryStorage()
    await put(storage, from, to)
    if (text !== null) await storage.put(hint, utf8(text))
    const found = await latestVersion(storage, table, known === null ? null : knownAs(known))
    expect(found).toEqual(knownAs(latest))
  })

  it('is none where there is nothing, known or not', async () => {
    const storage = createMemoryStorage()
    expect(await latestVersion(storage, table, null)).toBeNull()
    expect(await latestVersion(storage, table, knownAs(9))).toBeNull()
  })

  it('is that of a table made anew, of as many versions too', async () => {
    const storage = createMemoryStorage()
    await put(storage, 1, 9, 'new ')
    await storage.put(hint, utf8('9'))
    for (const known of [3, 9, 50]) {
      expect(await latestVersion(storage, table, knownAs(known))).toEqual(knownAs(9, 'new '))
    }
  })

  it('is never what a late writer left behind the hint', async () => {
    const storage = createMemoryStorage()
    await put(storage, 200, 300)
    await storage.put(hint, utf8('300'))
    await put(storage, 9, 9, 'late ')
    expect(await latestVersion(storage, table, knownAs(8))).toEqual(knownAs(300))
    expect(await latestVersion(storage, table, knownAs(9, 'late '))).toEqual(knownAs(300))
  })

  it('is never what is left of a table that was removed, though it is two versions in a row', async () => {
    const storage = createMemoryStorage()
    await put(storage, 1, 3, '"table-uuid":"new",')
    await put(storage, 8, 9, '"table-uuid":"old",')
    await storage.put(hint, utf8('9'))
    for (const known of [
      null,
      knownAs(9, '"table-uuid":"old",'),
      knownAs(3, '"table-uuid":"new",'),
    ]) {
      await expect(latestVersion(storage, table, known)).rejects.toThrow(
        "version 9 of a table's metadata is of another table that was here before: remove it (version 1, if nobody made the table anew)",
      )
    }
    for (const version of [8, 9]) await storage.delete(metadataKey(table, version))
    const found = await latestVersion(storage, table, knownAs(9, '"table-uuid":"old",'))
    expect(found).toEqual(knownAs(3, '"table-uuid":"new",'))
  })

  it('is the very one that the caller knows, which need not be read again', async () => {
    const storage = createMemoryStorage()
    await put(storage, 1, 9)
    const known = knownAs(9)
    expect(await latestVersion(storage, table, known)).toBe(known)
  })

  it('makes a lost hint good', async () => {
    const storage = createMemoryStorage()
    await put(storage, 200, 300)
    await latestVersion(storage, table, null)
    expect(await readHint(storage, table)).toBe(300)
  })
})

describe('where the latest version cannot be told', () => {
  const refused = async (storage: Storage) =>
    latestVersion(storage, table, null).then(
      (found) => `found ${found?.version}`,
      (error: unknown) => String(error),
    )

  it.each([
    ['a hint to nothing', { [hint]: '5' }, 'metadata is gone: version 5'],
    ['one version alone', { [metadataKey(table, 7)]: '' }, 'version 7 is left alone'],
    ['compressed metadata', { [`${table}/metadata/v1.gz.metadata.json`]: '' }, 'another catalog'],
    [
      'compressed, named otherwise',
      { [`${table}/metadata/v1.metadata.json.gz`]: '' },
      'compressed',
    ],
    [
      'compressed after ours',
      {
        ...{ [metadataKey(table, 7)]: '', [hint]: '8' },
        [`${table}/metadata/v8.gz.metadata.json`]: '',
      },
      'compressed',
    ],
    [
      "another catalog's metadata",
      {
        [`${table}/metadata/00001-0ae4ae2c-9c5c-4b0a-9b4e-0d4b6f0a2d11.metadata.json`]: '',
      },
      'another catalog',
    ],
  ])('%s is said', async (_, objects, reason) => {
    const storage = createMemoryStorage()
    for (const [key, text] of Object.entries(objects)) await storage.put(key, utf8(text))
    expect(await refused(storage)).toContain(reason)
  })

  it('is said by a storage that cannot list', async () => {
    const storage = createMemoryStorage()
    await put(storage, 200, 300)
    await storage.put(hint, utf8('5'))
    const capabilities = { ...storage.capabilities, list: false }
    expect(await refused({ ...storage, capabilities })).toContain('version 5')
  })
})

it('a version that another writer puts between two looks is one of ours', async () => {
  const storage = createMemoryStorage()
  let looks = 0
  const list: Storage['list'] = async function* (prefix) {
    yield* storage.list(prefix)
    if (looks++ === 0) await put(storage, 1, 1)
  }
  expect(await listVersions({ ...storage, list }, table)).toEqual([1])
  expect(looks).toBe(2)
})

describe('round trips', () => {
  it.each([
    ['a table that nobody changed', 9, '9', 9, 1],
    ['a table changed once', 10, '10', 9, 2],
    ['a table changed once, not published yet', 10, '9', 9, 2],
    ['a table never seen', 9, '9', null, 2],
    ['a table never seen, its hint one behind', 10, '9', null, 3],
    ['a table without a hint', 1000, null, null, 10],
  ] as const)('of %s', async (_, to, text, known, rounds) => {
    const { storage, count } = createCountedStorage()
    await Promise.all(Array.from({ length: to }, (_, i) => put(storage, i + 1, i + 1)))
    if (text !== null) await storage.put(hint, utf8(text))
    const counted = await count(() =>
      latestVersion(storage, table, known === null ? null : knownAs(known)),
    )
    expect(counted.result?.version).toBe(to)
    expect(counted.rounds).toBeLessThanOrEqual(rounds)
  })
})

describe('of writers that publish at once', () => {
  let storage: Storage
  let hold: ((text: string) => Promise<void>) | null = null
  beforeEach(() => {
    const memory = createMemoryStorage()
    hold = null
    storage = {
      ...memory,
      async put(key, bytes, options) {
        if (key === hint) await hold?.(new TextDecoder().decode(bytes))
        return memory.put(key, bytes, options)
      },
    }
  })

  it('the last hint is the latest version', async () => {
    await put(storage, 1, 6)
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    hold = (text) => (text === '5' ? released : Promise.resolve())
    const slow = publish(storage, table, knownAs(5))
    await publish(storage, table, knownAs(6))
    expect(await readHint(storage, table)).toBe(6)
    release()
    await slow
    expect(await readHint(storage, table)).toBe(6)
  })
})
