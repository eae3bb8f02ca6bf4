/** What happens to the calls between a program, its catalog and its storage, as a seed decides. */
import type { Random } from '../judge/random.ts'
import type { Call, Deed, Reply } from './proxy.ts'
import {
  catalogFailures,
  catalogRefusals,
  s3Conflict,
  s3Failures,
  s3Refusals,
} from './service-errors.ts'
import type { Sure } from './sure.ts'

/** What a call is for. `swap` is what changes a table, whoever keeps it. */
export type Purpose = 'read' | 'load' | 'hint' | 'create' | 'write' | 'swap'

/** What a call to an Iceberg REST catalog is for. */
export const catalogPurpose = ({ method, path }: Call): Purpose => {
  const [, rest] = path.split('?')[0]?.split('/namespaces') ?? []
  if (method === 'GET') return rest === undefined ? 'read' : 'load'
  return /\/tables\/[^/]+$/.test(rest ?? '') ? 'swap' : 'create'
}

/** What a call to S3 is for, where the tables may be a file catalog's. */
export const s3Purpose = ({ method, path }: Call): Purpose => {
  if (/\/version-hint\.text$/.test(path)) return 'hint'
  if (method !== 'PUT') return 'read'
  return /\/metadata\/v\d+\.metadata\.json$/.test(path) ? 'swap' : 'write'
}

type Trouble = Exclude<Deed['do'], 'pass'>

/**
 * What may happen to a call without anybody breaking a promise. Loads may be stale, as may a hint, which is one; S3 is not
 * ("strong read-after-write consistency").
 */
const possible: Readonly<Record<Purpose, readonly Trouble[]>> = {
  read: ['drop', 'cut', 'delay', 'linger', 'refuse', 'deny'],
  load: ['drop', 'cut', 'delay', 'linger', 'refuse', 'deny', 'replay'],
  hint: ['drop', 'tear', 'lose', 'cut', 'delay', 'linger', 'hold', 'refuse', 'deny', 'replay'],
  create: ['drop', 'tear', 'lose', 'cut', 'delay', 'linger', 'hold', 'refuse', 'deny', 'twice'],
  write: ['drop', 'tear', 'lose', 'cut', 'delay', 'linger', 'hold', 'refuse', 'deny', 'twice'],
  swap: ['drop', 'tear', 'lose', 'cut', 'delay', 'linger', 'hold', 'refuse', 'deny', 'twice'],
}

export interface Service {
  /** What its calls may be for. */
  readonly purposes: readonly Purpose[]
  readonly purpose: (call: Call) => Purpose
  readonly refusals: (call: Call, purpose: Purpose) => readonly Reply[]
  readonly failures: readonly Reply[]
}

/** A catalog that refuses what is no commit has other reasons than conflicts. */
const noConflict = catalogRefusals.filter(({ status }) => status !== 409 && status !== 400)

export const catalogService: Service = {
  purposes: ['read', 'load', 'create', 'swap'],
  purpose: catalogPurpose,
  refusals: (_, purpose) => (purpose === 'swap' ? catalogRefusals : noConflict),
  failures: catalogFailures,
}

export const s3Service: Service = {
  purposes: ['read', 'write'],
  purpose: s3Purpose,
  refusals: ({ method }, purpose) =>
    method === 'PUT' && purpose !== 'hint' ? [...s3Refusals, s3Conflict] : s3Refusals,
  failures: s3Failures,
}

/** S3 where the tables are a file catalog's. */
export const fileCatalogService: Service = {
  ...s3Service,
  purposes: ['read', 'hint', 'write', 'swap'],
}

/** Everything of one kind is refused for a time: a storm of conflicts, expired credentials, a service that is down. */
interface Storm {
  readonly service: Service
  readonly swapsOnly: boolean
  readonly reply: Reply
  readonly from: number
  readonly to: number
}

export interface Weather {
  /** What happens to calls to a service. */
  decide(service: Service): (call: Call) => Deed
  /** From now on nothing happens any more. */
  clear(): void
}

export interface WeatherOptions {
  readonly dice: Random
  /** For how long it lasts, in milliseconds. */
  readonly ms: number
  /** The services that there are. */
  readonly services: readonly Service[]
  /** What happens whatever the dice say. */
  readonly sure: Sure
  /** What somebody else is to do between the load and the commit of a table, by the call for the latter; null: nothing. */
  readonly meanwhile: (call: Call) => (() => Promise<unknown>) | null
}

const rates = [3, 8, 20, 40]

/** A seed's weather: how often what happens, and up to two storms. */
export const createWeather = (options: WeatherOptions): Weather => {
  const { dice, ms, services, sure, meanwhile } = options
  const began = Date.now()
  const percent = rates[dice.below(rates.length)] as number
  const unlikely = new Set(possible.swap.filter(() => dice.oneIn(3)))
  const storms = Array.from({ length: dice.below(3) }, () => brewStorm(dice, ms, services))
  let isClear = false

  const trouble = (service: Service, call: Call, purpose: Purpose): Deed => {
    const kinds = possible[purpose].filter((kind) => !unlikely.has(kind))
    const kind = kinds[dice.below(kinds.length)]
    return kind === undefined ? { do: 'pass' } : deed(kind, service, call, purpose, dice)
  }

  return {
    clear: () => {
      isClear = true
    },
    decide: (service) => (call) => {
      if (isClear) return { do: 'pass' }
      const purpose = service.purpose(call)
      const before = purpose === 'swap' ? meanwhile(call) : null
      if (before !== null) return { do: 'pass', before }
      const owed = sure.next(service, call, purpose)
      if (owed !== null) return owed
      const now = Date.now() - began
      const storm = storms.find((one) => rages(one, service, purpose, now))
      if (storm !== undefined && !dice.oneIn(5)) return { do: 'refuse', reply: storm.reply }
      return dice.below(100) < percent ? trouble(service, call, purpose) : { do: 'pass' }
    },
  }
}

const rages = (storm: Storm, service: Service, purpose: Purpose, now: number): boolean =>
  storm.service === service &&
  (purpose === 'swap' || !storm.swapsOnly) &&
  now >= storm.from &&
  now < storm.to

const brewStorm = (dice: Random, ms: number, services: readonly Service[]): Storm => {
  const service = services[dice.below(services.length)] as Service
  const swapsOnly = dice.oneIn(2)
  const call = { method: 'GET', path: '/', body: Buffer.alloc(0) }
  const replies = [...service.refusals(call, swapsOnly ? 'swap' : 'read'), ...service.failures]
  const from = dice.below(ms)
  const reply = replies[dice.below(replies.length)] as Reply
  return { service, swapsOnly, reply, from, to: from + 300 + dice.below(1500) }
}

/** Mostly short; at times longer than any caller waits for one call. */
const delayMs = (dice: Random): number =>
  dice.oneIn(15) ? 4_500 : 20 + dice.below(dice.oneIn(3) ? 1_500 : 200)

const deed = (
  kind: Trouble,
  service: Service,
  call: Call,
  purpose: Purpose,
  dice: Random,
): Deed => {
  const one = (replies: readonly Reply[]) => replies[dice.below(replies.length)] as Reply
  switch (kind) {
    case 'delay':
    case 'linger':
      return { do: kind, ms: delayMs(dice) }
    case 'hold':
      return { do: kind, ms: 50 + dice.below(3_000) }
    case 'refuse':
      return { do: kind, reply: one([...service.refusals(call, purpose), ...service.failures]) }
    case 'deny':
      return { do: kind, reply: one(service.failures) }
    default:
      return { do: kind }
  }
}
