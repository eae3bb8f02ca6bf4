import type { Hono } from 'hono'
import { type Auth, authorize, challengeOf } from '../../src/http/auth.ts'
import type { Prometheus } from './prometheus.ts'

/**
 * `GET /metrics`, for Prometheus.
 *
 * @param auth who may look; `none` on a loopback address
 */
export const addMetricsRoute = (app: Hono, prometheus: Prometheus, auth: Auth): void => {
  const challenge = challengeOf(auth)
  app.all('/metrics', async (c) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      return c.text('use GET\n', 405, { Allow: 'GET, HEAD' })
    }
    const allowed = await authorize(auth, c.req.raw).then(
      () => true,
      () => false,
    )
    if (!allowed) return c.text('missing or wrong credentials\n', 401, challengeHeader(challenge))
    const { contentType, text } = await prometheus.scrape()
    return c.body(text, 200, { 'Content-Type': contentType })
  })
}

const challengeHeader = (challenge: string | undefined) =>
  challenge === undefined ? {} : { 'WWW-Authenticate': challenge }
