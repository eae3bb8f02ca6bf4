import { differences } from './differences.ts'
import { judgementOf } from './judgement.ts'
for (const d of differences) {
  const bytes = d.encoding === 'json' ? new TextEncoder().encode(d.example) : new Uint8Array(Buffer.from(d.example.replaceAll(' ', ''), 'hex'))
  try { const j = judgementOf({ signal: 'logs', encoding: d.encoding, bytes }); console.log(j === d.name ? 'ok' : 'XX', d.name, '=>', j) } catch (e: any) { console.log('XX', d.name, e.message) }
}
