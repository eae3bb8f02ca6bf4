import { type Bindings, bucketOf, environmentOf } from './bindings.ts'
import { comeAgain } from './come-again.ts'
import { type ExecutionContext, type Isolate, startIsolate, type WorkerOptions } from './isolate.ts'
import { readToItsEnd } from './linger.ts'

export interface Worker {
  fetch(request: Request, env: Bindings, context: ExecutionContext): Promise<Response>
  scheduled(event: { readonly scheduledTime: number }, env: Bindings): Promise<void>
}

const cannotStart = async (): Promise<Response> =>
  comeAgain('the server cannot start: its log says why')

/**
 * The handlers of a Worker. An isolate is started by the first call, with the bindings of that, and anew by one whose variables,
 * secrets or bucket are others: Cloudflare may keep an isolate when only these change, and for as long a token that was taken
 * back must not be good, nor rows go to the bucket that was there before. What keeps it from starting is logged, and answered so
 * that senders come again.
 */
export const createWorker = (options: WorkerOptions): Worker => {
  let isolate: Isolate | undefined
  let seen: Bindings = {}
  const started = (env: Bindings): Isolate => {
    if (isolate !== undefined && isSame(env, seen)) return isolate
    isolate = startIsolate({ ...options, env, write: (line) => console.log(line) })
    seen = env
    return isolate
  }
  return {
    async fetch(request, env, context) {
      const { answer = cannotStart } = started(env)
      const answered = answer(request, context).finally(() => readToItsEnd(request))
      // A sender that goes away would else leave its request wherever it is.
      context.waitUntil(answered.catch(() => {}))
      return answered
    },
    async scheduled({ scheduledTime }, env) {
      await started(env).turn?.(scheduledTime)
    },
  }
}

/** Whether two calls were given the same variables, secrets and bucket. Most have the very same object. */
const isSame = (one: Bindings, other: Bindings): boolean => {
  if (one === other) return true
  if (bucketOf(one) !== bucketOf(other)) return false
  const [ours, theirs] = [environmentOf(one), environmentOf(other)]
  const names = Object.keys(ours)
  return (
    names.length === Object.keys(theirs).length &&
    names.every((name) => ours[name] === theirs[name])
  )
}
