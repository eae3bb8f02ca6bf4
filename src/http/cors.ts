import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

/** Seconds a browser may keep the answer to a preflight. */
const preflightMaxAge = 600

/**
 * Cross-origin requests from an allow-list of origins; `*` in it stands for any. Credentials
 * (`navigator.sendBeacon` always sends them) are only allowed from origins that are named.
 */
export const crossOrigin = (origins: readonly string[]): MiddlewareHandler => {
  const any = origins.includes('*')
  return cors({
    origin: (origin) => (any || origins.includes(origin) ? origin : null),
    allowMethods: ['POST', 'GET'],
    exposeHeaders: ['Retry-After'],
    maxAge: preflightMaxAge,
    credentials: !any,
  })
}
