/** What tokens look like, wherever they come from. */
import * as v from 'valibot'
import { secrets } from './values.ts'

/** What each kind of credentials looks like; any other would lock everybody out. */
const forms = {
  // RFC 6750, 2.1: b64token
  bearer: {
    form: /^[\w.~+/-]+=*$/,
    expected: 'must hold tokens of letters, digits and -._~+/ only, with = at their end',
  },
  basic: { form: /^[^:]+:./, expected: 'must hold user:password pairs' },
} as const

/** What is wrong with tokens of a kind, or undefined. */
export const tokensProblem = (
  kind: keyof typeof forms,
  tokens: readonly string[],
): string | undefined => {
  const { form, expected } = forms[kind]
  return tokens.every((token) => form.test(token)) ? undefined : expected
}

/** Tokens with commas between them, as a secret holds them; or what is wrong with its text, without a word of it. */
export const readTokens = (
  kind: keyof typeof forms,
  text: string,
): { readonly tokens: readonly string[] } | { readonly problem: string } => {
  const read = v.safeParse(secrets, text.trim())
  if (!read.success) return { problem: read.issues[0].message }
  const problem = tokensProblem(kind, read.output)
  return problem === undefined ? { tokens: read.output } : { problem }
}
