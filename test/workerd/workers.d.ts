/** What a Worker is bound to, also for code that no handler calls. */
declare module 'cloudflare:workers' {
  export const env: Readonly<Record<string, unknown>>
}
