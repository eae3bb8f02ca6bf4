/**
 * Runs the Worker on this machine, in Cloudflare's own runtime, with its bucket in a folder: `npm run dev:worker`.
 * `OTLP2PARQUET_*` variables of the environment are the Worker's; its cron trigger has a turn each minute.
 */
import { startWorker } from './worker.ts'

const folder = 'data/r2'
const everyMs = 60_000

const own = Object.entries(process.env).filter(
  (entry): entry is [string, string] =>
    entry[1] !== undefined && /^(?:OTLP2PARQUET_|AWS_)/.test(entry[0]),
)
const worker = await startWorker({
  variables: { OTLP2PARQUET_AUTH: 'none', ...Object.fromEntries(own) },
  folder,
  port: Number(process.env.PORT ?? 8787),
  write: (line) => console.log(line),
})
console.log(`otlp2parquet on workerd
  listens on  ${worker.url}
  writes to   a bucket of R2 in ${folder} (not as files with their own names)
  send        infra/test.sh ${worker.url.replace(/\/$/, '')}
  ends with   Ctrl-C`)
const cron = setInterval(() => void worker.turn(), everyMs)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearInterval(cron)
    void worker.stop()
  })
}
