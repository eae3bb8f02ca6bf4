import { IngestError } from '../errors.ts'
import { isKey } from './key.ts'
import type { S3Client } from './s3-client.ts'
import { refusal } from './s3-errors.ts'
import { elementsOf, textOf } from './s3-xml.ts'
import type { ObjectInfo } from './storage.ts'

/**
 * The objects whose key starts with a prefix, page by page ("ListObjectsV2"), in the order in which
 * the server tells them: the one of their bytes. What no storage of ours would call an object (a
 * console's folder, `a/`) is passed over. `folder` is taken off the keys.
 */
export async function* listObjects(
  client: S3Client,
  folder: string,
  prefix: string,
): AsyncGenerator<ObjectInfo> {
  let token: string | undefined
  do {
    const page = await readPage(client, folder + prefix, token)
    for (const { key, ...told } of page.objects) {
      const own = key.slice(folder.length)
      if (isKey(own)) yield { key: own, ...told }
    }
    if (page.next !== undefined && page.next === token) throw senseless('a list does not go on')
    token = page.next
  } while (token !== undefined)
}

const readPage = async (client: S3Client, prefix: string, token: string | undefined) => {
  const query = {
    'list-type': '2',
    // XML cannot hold every character that a key can.
    'encoding-type': 'url',
    prefix,
    ...(token !== undefined && { 'continuation-token': token }),
  }
  const { error, bytes } = await client.send({ method: 'GET', query })
  if (error !== null) throw refusal(error)
  const xml = new TextDecoder().decode(bytes)
  const isEncoded = textOf(xml, 'EncodingType') === 'url'
  const objects = [...elementsOf(xml, 'Contents')].map((element) => {
    const key = textOf(element, 'Key') ?? ''
    return {
      key: isEncoded ? decoded(key) : key,
      size: Number(textOf(element, 'Size')),
      modifiedAt: Date.parse(textOf(element, 'LastModified') ?? ''),
    }
  })
  return { objects, next: textOf(xml, 'NextContinuationToken') || undefined }
}

const decoded = (key: string): string => {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    throw senseless('a list has a key that cannot be read')
  }
}

/** An answer that says it is good, and is not. */
const senseless = (words: string): IngestError =>
  new IngestError('unavailable', `storage is unavailable: ${words}`)
