import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { Decode, Inflate } from '../../src/app.ts'
import { IngestError } from '../../src/errors.ts'

/**
 * The content codings of HTTP (RFC 9110, 8.4.1) that this runtime has: gzip, deflate and zstd, which Node has from 22.15 on. On
 * Node the work is done off the main thread; on Workers, with `nodejs_compat`, in the runtime's own code.
 */
export const contentCodings = (): Inflate => ({
  gzip: intoRoom(
    whole((bytes, room) => gunzip(bytes, options(room))),
    toldLength,
  ),
  // "deflate" is zlib's format; some senders leave the wrapper out.
  deflate: intoRoom(
    whole((bytes, room) => (hasZlibHeader(bytes) ? inflate : inflateRaw)(bytes, options(room))),
    usualLength,
  ),
  ...('zstdDecompress' in zlib && { zstd: intoRoom(zstd(), usualLength) }),
})

/** Decodes into `room` bytes; `too-large` when that is too little. `limit`: the most that any room is. */
type DecodeInto = (bytes: Uint8Array, room: number, limit: number) => Promise<Uint8Array>

/** How much larger the next room is. What was too small cost a third of the whole work at the most. */
const growth = 4

/** A decoder that has its room before it uses it: what it is expected to need, and more when it turns out to need more. */
const intoRoom =
  (decode: DecodeInto, expected: (bytes: Uint8Array) => number): Decode =>
  async (bytes, limit, hold) => {
    for (let room = Math.max(minChunk, expected(bytes)); ; room *= growth) {
      const most = Math.min(room, limit)
      hold(most)
      try {
        return await decode(bytes, most, limit)
      } catch (error) {
        const isTooSmall = error instanceof IngestError && error.kind === 'too-large'
        if (!isTooSmall || most === limit) throw error
      }
    }
  }

/** What node:zlib calls back with when it is asked for `info`. */
interface Decoded {
  readonly buffer: Uint8Array
  /** Bytes of the input that were used. */
  readonly engine: { readonly bytesWritten: number }
}

type Decompress<Options> = (bytes: Uint8Array, options: Options) => Promise<Decoded>

// The types of node:zlib do not know what `info` changes.
const gunzip = promisify(zlib.gunzip) as unknown as Decompress<zlib.ZlibOptions>
const inflate = promisify(zlib.inflate) as unknown as Decompress<zlib.ZlibOptions>
const inflateRaw = promisify(zlib.inflateRaw) as unknown as Decompress<zlib.ZlibOptions>

/**
 * Frames in a body (RFC 8878, 3: one or more). node:zlib decodes one at a time, each with a decoder
 * of its own, and an empty one is nine bytes: millions of them would keep a thread busy for minutes.
 * Senders make one frame of a body.
 */
const maxFrames = 64

const zstd = (): DecodeInto => {
  const decompress = promisify(zlib.zstdDecompress) as unknown as Decompress<zlib.ZstdOptions>
  // A frame may ask for a window of gigabytes before its first byte.
  const frame = (bytes: Uint8Array, room: number, expected: number, limit: number) =>
    decompress(bytes, {
      ...options(room, expected),
      params: { [zlib.constants.ZSTD_d_windowLogMax]: windowLog(limit) },
    })
  return async (bytes, room, limit) => {
    // Workers call no bytes at all a frame.
    if (bytes.length === 0) throw malformed()
    const frames: Uint8Array[] = []
    let [used, length] = [0, 0]
    do {
      const rest = bytes.subarray(used)
      // Of many frames none gets the room of all.
      const expected = used === 0 ? room : 4 * rest.length
      const decoded = await told(room, frame(rest, room - length, expected, limit))
      frames.push(decoded.buffer)
      used += decoded.engine.bytesWritten
      length += decoded.buffer.length
      if (length > room) throw tooLarge(room)
    } while (used < bytes.length && frames.length < maxFrames)
    if (used < bytes.length) {
      throw new IngestError('malformed', `the request body has more than ${maxFrames} zstd frames`)
    }
    return frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames, length)
  }
}

/** The smallest window that a frame of `limit` bytes can need; RFC 8878 asks for 8 MiB at least. */
const windowLog = (limit: number): number => Math.min(27, Math.max(23, Math.ceil(Math.log2(limit))))

const minChunk = 1024

/** `expected`: what the output may measure; one chunk of that size spares growing and joining. */
const options = (room: number, expected = room) => ({
  info: true,
  maxOutputLength: Math.max(1, room),
  // One more than expected: a chunk that is just full would be followed by an empty one. What is not used is never touched.
  chunkSize: Math.max(minChunk, Math.min(expected, room) + 1),
})

/** Most telemetry shrinks less. */
const usualRatio = 16

const usualLength = ({ length }: Uint8Array): number => usualRatio * length

/** The most that deflate can shrink (zlib, "Technical Details": 1032:1). */
const maxRatio = 1032

/** RFC 1952, 2.3.1, ISIZE: the last four bytes. They may lie: nothing out of proportion is allocated. */
const toldLength = (bytes: Uint8Array): number => {
  if (bytes.length < 18) return 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Math.min(view.getUint32(bytes.length - 4, true), maxRatio * bytes.length)
}

/** RFC 1950, 2.2: method 8, and both bytes as a number are a multiple of 31. */
const hasZlibHeader = ([first = 0, second = 0]: Uint8Array): boolean =>
  (first & 15) === 8 && ((first << 8) | second) % 31 === 0

/** A coding whose decoder has to use up the whole body. */
const whole =
  (run: (bytes: Uint8Array, room: number) => Promise<Decoded>): DecodeInto =>
  async (bytes, room) => {
    const { buffer, engine } = await told(room, run(bytes, room))
    if (buffer.length > room) throw tooLarge(room)
    if (engine.bytesWritten < bytes.length) throw malformed()
    return buffer
  }

/** What came out, or what was wrong in our own words. */
const told = (room: number, decoding: Promise<Decoded>): Promise<Decoded> =>
  decoding.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(room)
    throw isBadInput(error) ? malformed(error) : cannotNow(error)
  })

/**
 * What zstd finds wrong with a frame (zstd_errors.h): its name, which is Node's code, and its words, which alone Workers tell.
 * Of 200,000 frames with bytes changed at random none failed otherwise. Not here: memory, and what only a caller can do wrong.
 */
const zstdFaults: Readonly<Record<string, string>> = {
  prefix_unknown: 'Unknown frame descriptor',
  version_unsupported: 'Version not supported',
  frameParameter_unsupported: 'Unsupported frame parameter',
  frameParameter_windowTooLarge: 'Frame requires too much memory for decoding',
  corruption_detected: 'Data corruption detected',
  checksum_wrong: "Restored data doesn't match checksum",
  literals_headerWrong: "Header of Literals' block doesn't respect format specification",
  dictionary_corrupted: 'Dictionary is corrupted',
  dictionary_wrong: 'Dictionary mismatch',
  tableLog_tooLarge: 'tableLog requires too much memory : unsupported',
  maxSymbolValue_tooLarge: 'Unsupported max Symbol Value : too large',
  maxSymbolValue_tooSmall: 'Specified maxSymbolValue is too small',
  dstSize_tooSmall: 'Destination buffer is too small',
  srcSize_wrong: 'Src size is incorrect',
}

const badInput = new Set([
  ...['Z_DATA_ERROR', 'Z_BUF_ERROR', 'Z_NEED_DICT'],
  ...Object.keys(zstdFaults).map((name) => `ZSTD_error_${name}`),
])

const badInputOnWorkers = new Set([
  'unexpected end of file',
  ...Object.values(zstdFaults).map((words) => `Zstd decompression failed: ${words}`),
])

/**
 * Whether it is said of bytes that no retry mends. All else is trouble of this machine (no memory:
 * `Z_MEM_ERROR`, a RangeError without a code), or of nobody knows whom: it may pass.
 */
const isBadInput = ({ code = '', message }: NodeJS.ErrnoException): boolean =>
  code === 'ERR_ZSTD_DECOMPRESSION_FAILED' ? badInputOnWorkers.has(message) : badInput.has(code)

const cannotNow = (cause: unknown): IngestError =>
  new IngestError('unavailable', 'the request body cannot be decompressed now, try again', {
    cause,
  })

const tooLarge = (limit: number): IngestError =>
  new IngestError('too-large', `the request body inflates to more than ${limit} bytes`)

const malformed = (cause?: unknown): IngestError =>
  new IngestError('malformed', 'the request body does not match its Content-Encoding', { cause })
