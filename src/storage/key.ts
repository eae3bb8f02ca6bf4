import { IngestError } from '../errors.ts'

/** The longest key, in bytes of UTF-8: S3's limit ("Naming Amazon S3 objects"). */
export const maxKeyBytes = 1024

/** The longest segment of a key, in bytes of UTF-8: what file systems allow a name (NAME_MAX). */
export const maxSegmentBytes = 255

/**
 * Refuses what is no key. A key is well-formed Unicode of at most 1024 bytes without NUL, split by
 * `/` into segments of 1 to 255 bytes that do not begin with a dot: so no key leaves its folder
 * (`..`), and none looks like a file that a storage keeps for itself. Throws `internal`.
 */
export const checkKey = (key: string): void => {
  if (!key.isWellFormed()) throw refused('it is no well-formed Unicode')
  if (key.includes('\0')) throw refused('it contains NUL')
  if (isLonger(key, maxKeyBytes)) throw refused(`it is longer than ${maxKeyBytes} bytes`)
  for (const segment of key.split('/')) checkSegment(segment)
}

/** Refuses a prefix whose whole segments are none of a key. Throws `internal`. */
export const checkPrefix = (prefix: string): void => {
  const end = prefix.lastIndexOf('/')
  if (end >= 0) checkKey(prefix.slice(0, end))
}

/** Whether a name in a bucket is a key of ours: others may keep there what no storage here would call an object. */
export const isKey = (name: string): boolean => {
  try {
    checkKey(name)
    return true
  } catch {
    return false
  }
}

/**
 * Refuses what is no name of an object in any bucket: the empty name would be the bucket, a lone surrogate has no bytes.
 * Throws `unavailable`, since such names are not ours.
 */
export const checkAnyKey = (name: string): void => {
  if (name !== '' && name.isWellFormed()) return
  throw new IngestError('unavailable', 'storage cannot name an object so')
}

/** Orders keys by their bytes in UTF-8, as S3 lists them: negative, zero or positive. */
export const compareKeys = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return byteRank(x) - byteRank(y)
  }
  return a.length - b.length
}

const checkSegment = (segment: string): void => {
  if (segment === '') throw refused('a segment is empty')
  if (segment.startsWith('.')) throw refused('a segment begins with a dot')
  if (isLonger(segment, maxSegmentBytes)) {
    throw refused(`a segment is longer than ${maxSegmentBytes} bytes`)
  }
}

/** UTF-8 sorts by code point; UTF-16 puts surrogates below U+E000, though they stand for more. */
const byteRank = (unit: number): number =>
  unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800

const encoder = new TextEncoder()

/** Whether a text takes more bytes of UTF-8 than `limit`; a UTF-16 unit takes 3 at most. */
const isLonger = (text: string, limit: number): boolean =>
  text.length * 3 > limit && encoder.encode(text).length > limit

const refused = (reason: string): IngestError =>
  new IngestError('internal', `cannot use a storage key: ${reason}`)
