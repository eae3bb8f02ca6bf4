/** What is sure to happen in a schedule because its seed's number says so: no kind of trouble is left to luck alone. */
import type { Random } from '../judge/random.ts'
import type { Call, Deed, Reply } from './proxy.ts'
import type { Purpose, Service } from './weather.ts'

/** Troubles of single calls, and those of several in a row. */
export const sureKinds = [
  ...(['drop', 'tear', 'lose', 'cut', 'delay', 'linger', 'hold', 'twice'] as const),
  ...(['conflict storm', '429', '500', '502', '503', '504', 'stale load', 'stale hint'] as const),
  ...(['compaction', 'expired credentials', "expired credentials of the storage's"] as const),
]

export type SureKind = (typeof sureKinds)[number]

/** How many kinds are sure for a seed: sixty seeds have each of them nine times or more. */
const perSeed = 3

/** The kinds of a seed. Their number has no divisor in common with `perSeed`: each meets each ground. */
export const sureKindsOf = (seed: number): readonly SureKind[] =>
  Array.from(
    { length: perSeed },
    (_, i) => sureKinds[(perSeed * seed + i) % sureKinds.length] as SureKind,
  )

/** Which calls a kind is for, and how many of them it takes: those of a storm one after the other. */
const needs = (
  kind: SureKind,
  mostCompactions: number,
): { readonly purpose: Purpose; readonly times: number } => {
  switch (kind) {
    case 'conflict storm':
      return { purpose: 'swap', times: 6 }
    case 'stale load':
      return { purpose: 'load', times: 3 }
    case 'stale hint':
      return { purpose: 'hint', times: 3 }
    case "expired credentials of the storage's":
      return { purpose: 'write', times: 4 }
    case 'expired credentials':
      return { purpose: 'swap', times: 4 }
    case 'hold':
      return { purpose: 'swap', times: 4 }
    case 'compaction':
      return { purpose: 'swap', times: Math.min(2, mostCompactions) }
    default:
      return { purpose: 'swap', times: 2 }
  }
}

export interface SureOptions {
  readonly kinds: readonly SureKind[]
  readonly dice: Random
  /** The purposes that there are. */
  readonly purposes: ReadonlySet<Purpose>
  /** Compacts the table that a call is to change; whether that was done. */
  readonly compact: (call: Call) => Promise<boolean>
  /** How often that is done at most. */
  readonly mostCompactions: number
}

/** What a schedule owes. */
export interface Sure {
  /** What is sure to happen to this call; null: nothing. */
  next(service: Service, call: Call, purpose: Purpose): Deed | null
  /** Whether everything has happened. */
  isDone(): boolean
}

/** Everything that is sure, one kind after the other. */
export const createSure = ({
  kinds,
  dice,
  purposes,
  compact,
  mostCompactions,
}: SureOptions): Sure => {
  const owed = kinds
    .map((kind) => ({ kind, ...needs(kind, mostCompactions), begun: false }))
    .filter(({ purpose }) => purposes.has(purpose))

  return {
    isDone: () => owed.every(({ times }) => times <= 0),
    next(service, call, purpose) {
      const one = owed.find((other) => other.times > 0 && other.purpose === purpose)
      // Now and then something else comes first; a storm has no holes.
      if (one === undefined || (!one.begun && dice.oneIn(3))) return null
      one.begun = true
      if (one.kind === 'compaction') {
        const before = async () => {
          if (await compact(call)) one.times--
        }
        return { do: 'pass', before }
      }
      return sureDeed(one.kind, one.times--, service, call, dice)
    },
  }
}

const sureDeed = (
  kind: Exclude<SureKind, 'compaction'>,
  left: number,
  service: Service,
  call: Call,
  dice: Random,
): Deed => {
  const replies = [...service.refusals(call, service.purpose(call)), ...service.failures]
  const nth = (some: readonly Reply[]): Reply => some[left % some.length] as Reply
  switch (kind) {
    case 'conflict storm':
      return { do: 'refuse', reply: nth(replies.filter(({ status }) => status === 409)) }
    case 'expired credentials':
    case "expired credentials of the storage's":
      return { do: 'refuse', reply: nth(replies.filter(hasExpired)) }
    case 'stale load':
    case 'stale hint':
      return { do: 'replay' }
    case 'delay':
    case 'linger':
      return { do: kind, ms: 20 + dice.below(400) }
    case 'hold':
      // Its program has asked what became of it by then, and mostly not tried again.
      return { do: kind, ms: 40 + dice.below(160) }
    case '429':
      return { do: 'refuse', reply: nth(replies.filter(({ status }) => status === 429)) }
    case '500':
    case '502':
    case '503':
    case '504': {
      const reply = nth(service.failures.filter(({ status }) => status === Number(kind)))
      // Once it is done all the same.
      return { do: left % 2 === 0 ? 'deny' : 'refuse', reply }
    }
    default:
      return { do: kind }
  }
}

/** Whether an answer says that credentials were good once. */
const hasExpired = ({ status, code = '' }: Reply): boolean =>
  status === 419 || code.startsWith('ExpiredToken')
