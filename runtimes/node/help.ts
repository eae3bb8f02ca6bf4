import { defaultOn } from '../../src/config/variable.ts'
import { variables } from '../../src/config/variables.ts'

/** What `--help` prints. */
export const helpText = (version: string): string => `otlp2parquet ${version}
Receives OpenTelemetry data (OTLP/HTTP) and stores it as Apache Iceberg tables or plain Parquet files.

usage: otlp2parquet [serve | sweep | receipts] [options]

  serve               take requests until it is stopped (the default)
  sweep               commit now what receipts say is owed; ends with 1 when not all could be
  receipts            list what is owed, and what cannot be paid

  --port <number>     the port to listen on
  --output <folder>   the folder to write to
  --log-level <name>  debug, info, warn or error
  --version, -v       print the version
  --help, -h          print this

Environment variables (an option stands above its variable):

${variableLines().join('\n')}`

const variableLines = (): string[] =>
  Object.values(variables).map((variable) => {
    const fallback = defaultOn(variable, 'node')
    const standard = fallback === undefined ? '' : ` [${fallback}]`
    return `  ${variable.name}${standard}\n      ${variable.meaning.replaceAll('`', '')}`
  })
