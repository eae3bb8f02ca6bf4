import * as v from 'valibot'

/**
 * How the text of a variable is read. Each schema takes a non-empty string without surrounding white space and says in
 * its issue what it expects; no issue repeats the text.
 */

/** One of a few words, in any case. */
export const word = <const Words extends readonly [string, ...string[]]>(...words: Words) =>
  v.pipe(
    v.string(),
    v.toLowerCase(),
    v.picklist(words, `must be ${words.length > 1 ? 'one of ' : ''}${words.join(', ')}`),
  )

/** `on` or `off`; `true`, `false`, `1` and `0` too. */
export const onOff = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.picklist(['on', 'off', 'true', 'false', '1', '0'], 'must be on or off'),
  v.transform((text) => text === 'on' || text === 'true' || text === '1'),
)

/** A whole number within bounds. */
export const integer = (minimum: number, maximum: number) => {
  const expected = `must be a whole number from ${minimum} to ${maximum}`
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, expected),
    v.transform(Number),
    v.minValue(minimum, expected),
    v.maxValue(maximum, expected),
  )
}

const units: Readonly<Record<string, number>> = { '': 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 }

/** A size in bytes: `67108864`, or with a binary unit `64MiB`. */
export const bytes = (minimum: number, maximum: number) => {
  const expected = `must be a size from ${minimum} to ${maximum} bytes, such as 16777216 or 16MiB`
  return v.pipe(
    v.string(),
    v.toLowerCase(),
    v.regex(/^\d{1,15} ?(?:kib|mib|gib)?$/, expected),
    v.transform((text) => Number.parseInt(text, 10) * (units[text.replace(/[\d ]/g, '')] ?? 1)),
    v.minValue(minimum, expected),
    v.maxValue(maximum, expected),
  )
}

/** Any text. */
export const text = v.string()

/** Several texts with commas between them. */
const list = v.pipe(
  v.string(),
  v.transform((value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ),
)

/** Secrets with commas between them; at least one. */
export const secrets = v.pipe(list, v.minLength(1, 'must hold at least one token'))

/** A secret's whole name in AWS Secrets Manager, which says in which region it is. */
export const secretArn = v.pipe(
  v.string(),
  v.regex(
    /^arn:[a-z\d-]+:secretsmanager:[a-z\d-]+:\d{12}:secret:\S+$/,
    'must be the ARN of a secret, such as arn:aws:secretsmanager:eu-central-1:123456789012:secret:tokens-AbCdEf',
  ),
)

const isOrigin = (value: string): boolean =>
  value === '*' || (URL.canParse(value) && new URL(value).origin === value.toLowerCase())

/** Origins as browsers send them, or `*`. */
export const origins = v.pipe(
  list,
  v.everyItem(isOrigin, 'must be origins such as https://app.example.com, with commas between'),
)

/** A path before `/v1/…`: `/otlp`; `/` is none. */
export const basePath = v.pipe(
  v.string(),
  v.regex(/^\/(?:[\w.~-]+(?:\/[\w.~-]+)*\/?)?$/, 'must be a path such as /otlp'),
  v.transform((path) => path.replace(/\/$/, '')),
)

/** A bucket's name; old ones may hold capitals and underscores. */
export const bucket = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z\d][\w.-]{1,253}[A-Za-z\d]$/, "must be a bucket's name, without s3://"),
)

/** A bucket's name in R2 ("InvalidBucketName"). */
export const r2Bucket = v.pipe(
  v.string(),
  v.regex(
    /^[a-z\d][a-z\d-]{1,61}[a-z\d]$/,
    "must be a bucket's name: 3 to 63 lower-case letters, digits and - between them",
  ),
)

/** An account of Cloudflare. */
export const r2AccountId = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.regex(/^[a-f\d]{32}$/, 'must be the 32 hex digits of a Cloudflare account'),
)

/** A key, as it stands in signatures or makes them; an issue never repeats it. */
export const key = v.pipe(
  v.string(),
  v.regex(/^[\x21-\x7e]+$/, 'must be a key without white space'),
)

/** A region, as it stands in signatures. */
export const region = v.pipe(
  v.string(),
  v.regex(/^[a-z\d-]{1,64}$/, 'must be a region such as eu-central-1'),
)

/** What stands before keys: segments as a key has them, so none that is empty or begins with a dot. */
export const keyPrefix = v.pipe(
  v.string(),
  v.regex(
    /^(?!\.)[\w.=-]+(?:\/(?!\.)[\w.=-]+)*\/?$/,
    'must be names of letters, digits and -_.= with / between them, none with a dot first',
  ),
  v.maxLength(256, 'must be no longer than 256 characters'),
  v.transform((prefix) => prefix.replace(/\/$/, '')),
)

const isEndpoint = (value: string): boolean => {
  if (!URL.canParse(value)) return false
  const { protocol, username, search, hash } = new URL(value)
  return /^https?:$/.test(protocol) && `${username}${search}${hash}` === ''
}

/** The URL of a server. */
export const endpoint = v.pipe(
  v.string(),
  v.check(isEndpoint, 'must be a URL such as https://s3.example.com:9000'),
)

/** Where a server listens. */
export interface Address {
  /** A name or an IP address, an IPv6 address without its brackets. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

const addressForm = /^(?:\[([\da-f:.%]+)\]|([\w.-]*)):(\d{1,5})$/i

/** `host:port`; an empty host is every interface. */
export const address = v.pipe(
  v.string(),
  v.regex(addressForm, 'must be host:port, such as 127.0.0.1:4318 or [::1]:4318'),
  v.transform((value): Address => {
    const [, v6, name, port] = addressForm.exec(value) ?? []
    return {
      host: v6 ?? (name === '' || name === undefined ? '0.0.0.0' : name),
      port: Number(port),
    }
  }),
  v.check(({ port }) => port <= 65_535, 'must have a port from 0 to 65535'),
)

/** Whether only this machine reaches the address. */
export const isLoopback = ({ host }: Address): boolean =>
  host === 'localhost' || host === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(host)
