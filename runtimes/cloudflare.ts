/** The program on Cloudflare Workers. Nothing is done before the first request: the platform measures a start, and gives it no clock. */
import wasm from 'parquet-wasm/esm/parquet_wasm_bg.wasm'
import manifest from '../package.json' with { type: 'json' }
import { createWorker } from './cloudflare/worker.ts'

/** What a Worker's module exports: `fetch` answers requests, `scheduled` its cron triggers. */
export default createWorker({ wasm, version: manifest.version })
