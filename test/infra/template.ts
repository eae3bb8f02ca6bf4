/** template.yaml as CloudFormation would see it: conditions decided and functions worked out, for some parameters. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml'

export type Json = null | string | number | boolean | readonly Json[] | Members
export interface Members {
  readonly [name: string]: Json
}

export interface Resource {
  readonly Type: string
  readonly Condition?: string
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
  readonly Properties: Members
}

interface Template {
  readonly Parameters: Readonly<
    Record<
      string,
      {
        readonly Type: string
        readonly Default: Json
        readonly Description: string
        readonly MinValue?: number
        readonly AllowedValues?: readonly Json[]
      }
    >
  >
  readonly Conditions: Members
  readonly Globals: { readonly Function: Members }
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs: Readonly<Record<string, { readonly Condition?: string; readonly Value: Json }>>
}

const document = parseDocument(
  readFileSync(join(import.meta.dirname, '../../template.yaml'), 'utf8'),
)

/** Kinds of resources that CloudFormation gives no tags. */
export const untaggable: readonly string[] = [
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::IAM::ManagedPolicy',
  'AWS::Lambda::Alias',
  'AWS::Lambda::Permission',
  'AWS::Lambda::Url',
  'AWS::Lambda::Version',
  'AWS::Logs::MetricFilter',
  'AWS::S3::BucketPolicy',
]

/** A node as JSON: `!Sub x` is `{"Fn::Sub": x}`, an alias what it stands for. */
const plain = (node: unknown): Json => {
  if (isAlias(node)) return plain(node.resolve(document))
  const value = untagged(node)
  const tag = (node as { tag?: string } | null)?.tag
  if (!tag?.startsWith('!') || tag.startsWith('!!')) return value
  const name = tag.slice(1)
  return { [name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`]: value }
}

const untagged = (node: unknown): Json => {
  if (isSeq(node)) return node.items.map(plain)
  if (isScalar(node)) return node.value as Json
  if (!isMap(node)) return null
  return Object.fromEntries(node.items.map(({ key, value }) => [String(key), plain(value)]))
}

/** The file as it stands. */
export const template = plain(document.contents) as unknown as Template

/** What a stack is made of. */
export interface Stack {
  readonly resources: Readonly<Record<string, Resource>>
  readonly outputs: Readonly<Record<string, Json>>
}

const account = '123456789012'
const region = 'us-east-1'
const pseudo: Readonly<Record<string, string>> = {
  'AWS::AccountId': account,
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::StackName': 'stack',
  'AWS::URLSuffix': 'amazonaws.com',
}
const noValue = Symbol('AWS::NoValue')

/** Names that AWS would give, where something depends on their form. */
const attributes: Readonly<Record<string, string>> = {
  'TableBucket.TableBucketARN': `arn:aws:s3tables:${region}:${account}:bucket/stack-tables`,
  'StateBucket.Arn': 'arn:aws:s3:::statebucket',
  'DataBucket.Arn': 'arn:aws:s3:::databucket',
  'LogGroup.Arn': `arn:aws:logs:${region}:${account}:log-group:/otlp2parquet/stack:*`,
  'Url.FunctionUrl': 'https://id.lambda-url.us-east-1.on.aws/',
  'Api.ApiEndpoint': 'https://id.execute-api.us-east-1.amazonaws.com',
  TokensSecret: `arn:aws:secretsmanager:${region}:${account}:secret:TokensSecret-AbCdEf`,
}

/** The stack that these parameters, with the defaults of all others, make. */
export const stackOf = (given: Readonly<Record<string, string>> = {}): Stack => {
  const parameter = (name: string): Json | undefined => {
    const declared = template.Parameters[name]
    if (declared === undefined) return undefined
    const text = String(given[name] ?? declared.Default)
    return declared.Type === 'CommaDelimitedList' ? text.split(',') : text
  }
  const nameOf = (name: string): Json | typeof noValue =>
    name === 'AWS::NoValue'
      ? noValue
      : (parameter(name) ?? pseudo[name] ?? attributes[name] ?? name.toLowerCase())
  const holds = (name: string): boolean => resolved(template.Conditions[name] ?? null) === true

  const functions: Readonly<Record<string, (value: Json) => Json | typeof noValue>> = {
    Ref: (value) => nameOf(String(value)),
    Condition: (value) => holds(String(value)),
    'Fn::GetAtt': (value) => attributes[String(value)] ?? `arn:aws:any:::${value}`,
    'Fn::If': (value) => {
      const [condition, then, otherwise] = value as readonly Json[]
      return resolved((holds(String(condition)) ? then : otherwise) ?? null)
    },
    'Fn::Equals': (value) => new Set((resolved(value) as Json[]).map(String)).size === 1,
    'Fn::Not': (value) => (resolved(value) as Json[])[0] !== true,
    'Fn::And': (value) => (resolved(value) as Json[]).every((one) => one === true),
    'Fn::Join': (value) => {
      const [separator, parts] = resolved(value) as [string, Json[]]
      return parts.join(separator)
    },
    'Fn::Split': (value) => {
      const [separator, whole] = resolved(value) as [string, string]
      return whole.split(separator)
    },
    'Fn::Select': (value) => {
      const [index, list] = resolved(value) as [number, Json[]]
      return list[index] ?? null
    },
    'Fn::Sub': (value) => {
      const [pattern, own = {}] = (typeof value === 'string' ? [value] : value) as [
        string,
        Members?,
      ]
      return pattern.replace(/\$\{([^}]+)\}/g, (_hole, name: string) => {
        const mine = own[name]
        return String(mine === undefined ? nameOf(name) : resolved(mine))
      })
    },
  }
  const resolved = (value: Json): Json | typeof noValue => {
    if (Array.isArray(value)) return value.map(resolved).filter((one) => one !== noValue) as Json[]
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value as Members)
    const [[name = '', argument = null] = []] = entries
    const work = entries.length === 1 ? functions[name] : undefined
    if (work !== undefined && !isIamCondition(name, argument)) return work(argument)
    return Object.fromEntries(
      entries.map(([key, one]) => [key, resolved(one)]).filter(([, one]) => one !== noValue),
    ) as Members
  }
  const there = <T extends { readonly Condition?: string }>(all: Readonly<Record<string, T>>) =>
    Object.entries(all).filter(([, { Condition: name }]) => name === undefined || holds(name))
  return {
    resources: Object.fromEntries(
      there(template.Resources).map(([name, one]) => [
        name,
        { ...one, Properties: resolved(propertiesOf(one)) as Members },
      ]),
    ),
    outputs: Object.fromEntries(
      there(template.Outputs).map(([name, { Value }]) => [name, resolved(Value) as Json]),
    ),
  }
}

/** The parameters of a stack that was given these, as AWS tells them. */
export const parametersOf = (
  given: Readonly<Record<string, string>> = {},
): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(template.Parameters).map(([name, { Default }]) => [name, String(Default)]),
  ),
  ...given,
})

/** Globals, and what stands in a resource itself. */
const propertiesOf = ({ Type, Properties }: Resource): Members =>
  Type === 'AWS::Serverless::Function'
    ? underneath(template.Globals.Function, Properties)
    : Properties

/** A statement's `Condition` is a map, a condition's name is text. */
const isIamCondition = (name: string, argument: Json): boolean =>
  name === 'Condition' && typeof argument !== 'string'

/** What is said for all functions, under what one says itself. */
const underneath = (all: Members, own: Members): Members => {
  const both = Object.keys(all).filter((name) => name in own)
  const merged = both.map((name) => {
    const [under, over] = [all[name], own[name]]
    return [name, isMembers(under) && isMembers(over) ? underneath(under, over) : over]
  })
  return { ...all, ...own, ...Object.fromEntries(merged) }
}

const isMembers = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A function's environment. */
export const environmentOf = ({ resources }: Stack, name: string): Record<string, string> => {
  const { Variables } = (resources[name]?.Properties.Environment ?? {}) as Members
  return Object.fromEntries(
    Object.entries((Variables ?? {}) as Members).map(([key, value]) => [key, String(value)]),
  )
}
