import { crc32, deflateRawSync } from 'node:zlib'

export interface ZippedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** 1 January 1980: the same files make the same archive, so that an unchanged function is no change. */
const date = (1 << 5) | 1

/** Deflate, with names in UTF-8. */
const version = 20
const utf8Names = 1 << 11
const deflate = 8

/** A file of Unix that everybody may read: the user that runs the function did not make it. */
const madeByUnix = 3 << 8
const mode = 0o100644

/** A ZIP archive of a few files in one folder (PKWARE's APPNOTE, 4.3; no ZIP64: below 4 GiB and 65,536 files). */
export const zip = (files: readonly ZippedFile[]): Buffer => {
  const locals: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const { name, bytes } of files) {
    const encoded = Buffer.from(name, 'utf8')
    const packed = deflateRawSync(bytes, { level: 9 })
    const shared = sharedFields(encoded, bytes, packed)
    const local = Buffer.concat([number(0x04034b50, 4), shared, encoded, packed])
    locals.push(local)
    central.push(centralHeader(shared, offset), encoded)
    offset += local.length
  }
  const directory = Buffer.concat(central)
  return Buffer.concat([...locals, directory, end(files.length, directory.length, offset)])
}

/** What the header before a file and the one in the directory both say (4.3.7). */
const sharedFields = (name: Uint8Array, bytes: Uint8Array, packed: Uint8Array): Buffer =>
  Buffer.concat([
    ...[version, utf8Names, deflate, 0, date].map((value) => number(value, 2)),
    ...[crc32(bytes), packed.length, bytes.length].map((value) => number(value, 4)),
    number(name.length, 2),
    number(0, 2),
  ])

/** 4.3.12 */
const centralHeader = (shared: Buffer, offset: number): Buffer =>
  Buffer.concat([
    number(0x02014b50, 4),
    number(madeByUnix | version, 2),
    shared,
    ...[0, 0, 0].map((value) => number(value, 2)),
    number(mode * 2 ** 16, 4),
    number(offset, 4),
  ])

/** 4.3.16 */
const end = (count: number, size: number, offset: number): Buffer =>
  Buffer.concat([
    number(0x06054b50, 4),
    ...[0, 0, count, count].map((value) => number(value, 2)),
    number(size, 4),
    number(offset, 4),
    number(0, 2),
  ])

const number = (value: number, bytes: 2 | 4): Buffer => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntLE(value, 0, bytes)
  return buffer
}
