import { createHash, createHmac, randomFillSync, randomUUID } from 'node:crypto'

/**
 * What of the Web Cryptography API the function uses, over `node:crypto`, which it has for its hashes anyway. In its bundle
 * this stands for the global of the same name, as what is in `fetch-api.ts` does: the first use of Node's own loads all of it
 * once more, and each of its digests and signatures, seven for a request that is signed, goes to another thread and back for
 * some microseconds of work.
 *
 * Not here: other algorithms than SHA-256 and HMAC with it, and keys that are more than bytes.
 */
export const crypto = {
  getRandomValues: <Values extends Uint8Array | BigUint64Array>(values: Values): Values =>
    randomFillSync(values),
  randomUUID,
  subtle: {
    /** @throws TypeError for another algorithm than SHA-256 */
    async digest(algorithm: string, data: Uint8Array): Promise<ArrayBuffer> {
      demand(algorithm === 'SHA-256')
      return alone(createHash('sha256').update(data).digest())
    },
    /** The bytes of a key for HMAC. @throws TypeError for a key of another kind */
    async importKey(format: string, key: ArrayBuffer | Uint8Array, { name, hash }: Algorithm) {
      demand(format === 'raw' && name === 'HMAC' && hash.name === 'SHA-256')
      return new Uint8Array(key)
    },
    /** @throws TypeError for another algorithm than HMAC */
    async sign(algorithm: string, key: Uint8Array, data: Uint8Array): Promise<ArrayBuffer> {
      demand(algorithm === 'HMAC')
      return alone(createHmac('sha256', key).update(data).digest())
    },
  },
}

interface Algorithm {
  readonly name: string
  readonly hash: { readonly name: string }
}

const demand = (isKnown: boolean): void => {
  if (!isKnown) throw new TypeError('there is nothing but SHA-256 here, and HMAC with it')
}

/** The same bytes in a buffer of their own. */
const alone = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer
