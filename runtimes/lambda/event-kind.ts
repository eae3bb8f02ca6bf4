import { IngestError } from '../../src/errors.ts'
import { type HttpEvent, isHttpEvent } from './http-event.ts'

/** What an event asks for. */
export type EventKind =
  | { readonly kind: 'http'; readonly event: HttpEvent }
  | { readonly kind: 'init' | 'sweep' }

/**
 * Tells events apart. Besides requests there are commands, `{"otlp2parquet":"init"}` and `"sweep"`, which are invoked
 * directly or are the input of a schedule: EventBridge Scheduler sends an input of one's own as it is. Without one, a
 * schedule of it and a rule with a schedule send a `Scheduled Event`, which is a sweep.
 *
 * @throws IngestError `unsupported` for any other, in words that say what it seems to be
 */
export const kindOf = (event: unknown): EventKind => {
  if (isHttpEvent(event)) return { kind: 'http', event }
  const members = (typeof event === 'object' && event !== null ? event : {}) as Members
  if (members.otlp2parquet !== undefined) return { kind: commandOf(members.otlp2parquet) }
  if (members['detail-type'] === 'Scheduled Event') return { kind: 'sweep' }
  const known = others.find(({ of }) => of(members))?.words
  throw refused(known ?? 'neither a request over HTTP nor a command')
}

type Members = Readonly<Record<string, unknown>>

const commandOf = (command: unknown): 'init' | 'sweep' => {
  if (command === 'init' || command === 'sweep') return command
  throw refused('no such command')
}

/** What else a function may be connected with by mistake. */
const others: readonly { readonly of: (event: Members) => boolean; readonly words: string }[] = [
  {
    of: (event) => typeof event['detail-type'] === 'string',
    words: 'an event of EventBridge that is no schedule',
  },
  {
    of: ({ methodArn, routeArn }) => methodArn !== undefined || routeArn !== undefined,
    words: 'a question to an authorizer, which this function is not',
  },
  {
    of: ({ requestContext }) => (requestContext as Members | null)?.connectionId !== undefined,
    words: "a WebSocket's event",
  },
  { of: ({ Records }) => Array.isArray(Records), words: 'records of a queue, a topic or a stream' },
]

const refused = (words: string): IngestError =>
  new IngestError(
    'unsupported',
    `${words}: send {"otlp2parquet":"init"} or "sweep", or OTLP over HTTP`,
  )
