import { type PlannedVariable, prefix } from './variable.ts'

const r2 = 'storage on R2'

const planned = (name: string, feature: string): PlannedVariable => ({
  name: `${prefix}${name}`,
  feature,
})

/** Names that will mean something. Ignoring one today would store data where nobody looks for it. */
export const plannedVariables: readonly PlannedVariable[] = [
  planned('R2_BUCKET', r2),
  planned('R2_ACCOUNT_ID', r2),
  planned('R2_ACCESS_KEY_ID', r2),
  planned('R2_SECRET_ACCESS_KEY', r2),
]
