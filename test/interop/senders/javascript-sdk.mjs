// OpenTelemetry's JavaScript packages, from where interop installs them.
import { createRequire } from 'node:module'

const require = createRequire(new URL('../peers/js/package.json', import.meta.url))
export const otel = (name) => require(`@opentelemetry/${name}`)
export const api = otel('api')
