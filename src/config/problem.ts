import { type Values, variables } from './variables.ts'

/** One thing to mend: the variable, and what is wrong with it, without its value. */
export interface ConfigProblem {
  readonly variable: string
  readonly message: string
}

/** A problem with the variable of a setting. */
export const problem = (key: keyof Values, message: string): ConfigProblem => ({
  variable: variables[key].name,
  message,
})
