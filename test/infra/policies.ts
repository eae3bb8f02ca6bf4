/** What the roles of a stack grant, statement by statement; and what whoever deploys needs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Demand } from './aws-calls.ts'
import type { Json, Members, Stack } from './template.ts'

export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  readonly Condition?: Members
}

const listOf = (value: Json | undefined): readonly string[] =>
  (Array.isArray(value) ? value : [value]).map(String)

const statementsOf = (document: Json | undefined): Statement[] =>
  ((document as { Statement: Members[] }).Statement ?? []).map((one) => ({
    Sid: String(one.Sid),
    Effect: one.Effect === 'Deny' ? 'Deny' : 'Allow',
    Action: listOf(one.Action),
    Resource: listOf(one.Resource),
    ...(one.Condition !== undefined && { Condition: one.Condition as Members }),
  }))

/** Everything that a role may do: its own policies, those it names, and those that name it. */
export const grantsOf = ({ resources }: Stack, role: string): readonly Statement[] => {
  const own: Members = resources[role]?.Properties ?? {}
  const inline = ((own.Policies ?? []) as Members[]).map(({ PolicyDocument }) => PolicyDocument)
  const named = listOf(own.ManagedPolicyArns)
  const managed = Object.entries(resources)
    .filter(([, { Type }]) => Type === 'AWS::IAM::ManagedPolicy')
    .filter(
      ([name, { Properties: policy }]) =>
        named.includes(name.toLowerCase()) || listOf(policy.Roles).includes(role.toLowerCase()),
    )
    .map(([, { Properties: policy }]) => policy.PolicyDocument)
  return [...inline, ...managed].flatMap(statementsOf)
}

/** Whether what these statements allow covers a demand, conditions included; what is denied is the caller's to know. */
export const granted = (
  statements: readonly Statement[],
  { action, resource, context = {} }: Demand,
): boolean =>
  statements.some(
    ({ Effect, Action, Resource, Condition = {} }) =>
      Effect === 'Allow' &&
      Action.includes(action) &&
      Resource.some((pattern) => isLike(pattern, resource)) &&
      holds(Condition, context),
  )

const isLike = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(text)

/** "IAM JSON policy elements: Condition operators"; those that roles have here. */
const operators: Readonly<Record<string, (wanted: string, told: string) => boolean>> = {
  StringEquals: (wanted, told) => wanted === told,
  StringLike: isLike,
}

/** Every key has to fit; one that is not told fits nothing, but where it says `…IfExists`. */
const holds = (condition: Members, context: Readonly<Record<string, string>>): boolean =>
  Object.entries(condition).every(([name, keys]) => {
    const fits = operators[name.replace(/IfExists$/, '')]
    if (fits === undefined) throw new Error(`nothing is known here of the operator ${name}`)
    return Object.entries(keys as Members).every(([key, wanted]) => {
      const told = context[key]
      if (told === undefined) return name.endsWith('IfExists')
      return listOf(wanted).some((one) => fits(one, told))
    })
  })

/** The policies for whoever deploys, by their files' names. */
export const deployPolicies: Readonly<Record<string, string>> = Object.fromEntries(
  ['deploy-policy.json', 'deploy-policy-options.json'].map((name) => [
    name,
    readFileSync(join(import.meta.dirname, '../../infra', name), 'utf8'),
  ]),
)

/** What they allow. */
export const deployStatements: readonly Statement[] = Object.values(deployPolicies).flatMap(
  (text) => statementsOf(JSON.parse(text)),
)

/** Whether one of them names an action, whatever its case, on some resource. */
export const mayDeploy = (action: string): boolean =>
  deployStatements.some(({ Action }) => Action.some((pattern) => formOf(pattern).test(action)))

const formOf = (pattern: string): RegExp => new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'i')
