import { percentEncoded } from '../bytes.ts'
import { sha256Hex } from '../sha256.ts'
import type { Group } from './groups.ts'
import type { Table } from './table.ts'

/**
 * The key of a plain Parquet file:
 * `{folder}/{service}/year=YYYY/month=MM/day=DD/hour=HH/{timestamp}-{uuid}.parquet`.
 * `service` is the group's service, encoded by `encodeService`.
 */
export const objectKey = (
  { folder }: Pick<Table, 'folder'>,
  service: string,
  { hour, timestamp }: Pick<Group, 'hour' | 'timestamp'>,
  uuid: string,
): string => `${folder}/${service}/${hourPath(hour)}/${timestamp}-${uuid}.parquet`

/**
 * Names a group among all groups of its table, for its file's uuid. `service` is encoded. Records
 * without a time have no hour here: a resend after the full hour still gets the same file name.
 */
export const partitionName = (
  service: string,
  { hour, timeless }: Pick<Group, 'hour' | 'timeless'>,
): string => `${service}/${timeless ? 'timeless' : hour}`

/** Hours since 1970 as a path. Times are 63 bits of nanoseconds: years run from 1970 to 2262. */
const hourPath = (hour: number): string => {
  const date = new Date(hour * 3_600_000)
  const year = String(date.getUTCFullYear()).padStart(4, '0')
  const [month, day, hours] = [date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours()].map(
    (part) => String(part).padStart(2, '0'),
  )
  return `year=${year}/month=${month}/day=${day}/hour=${hours}`
}

const absent = 'unknown_service'
/** No name is encoded like this: a 0 byte followed by `e` is `%00%65`. */
const empty = '%00e'
/** Bytes of an encoded name; a file system allows 255 for all of it. */
const maxLength = 128

/**
 * A service's name as one segment of a key. `[A-Za-z0-9_-]` and a `.` that is not first stay, every
 * other byte of the UTF-8 becomes `%XX`. A text above 128 bytes is cut there, or before the escape
 * that would cross, and `%~` and 32 hex digits of the name's SHA-256 follow. Different names have
 * different segments, and none is `.`, `..` or empty.
 *
 * Where a file system ignores case, `Shop` and `shop` share a folder. Their files still differ:
 * the uuid in a file's name is made from the exact segment.
 */
export const encodeService = async (name: Uint8Array | null): Promise<string> => {
  if (name === null) return absent
  if (name.length === 0) return empty
  const encoded = escapeName(name)
  if (encoded === absent) return '%75nknown_service'
  if (encoded === empty) return '%00%65'
  if (encoded.length <= maxLength) return encoded
  const start = encoded.slice(0, maxLength).replace(/%.?$/, '')
  return `${start}%~${await sha256Hex([name], 32)}`
}

/** The escaped name; of one above `maxLength` only as much as tells so. */
const escapeName = (name: Uint8Array): string => {
  let encoded = ''
  for (let i = 0; i < name.length && encoded.length <= maxLength; i++) {
    const byte = name[i] as number
    const char = String.fromCharCode(byte)
    const stays = /[\w-]/.test(char) || (char === '.' && i > 0)
    encoded += stays ? char : percentEncoded(byte)
  }
  return encoded
}
