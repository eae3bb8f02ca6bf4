/** Arbitrary messages and short lists: the two combinators that every other arbitrary is made of. */
import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf'
import fc from 'fast-check'

/** For each field of a message an arbitrary of what `create` takes for it. */
export type Fields<Desc extends DescMessage> = {
  readonly [Name in keyof Init<Desc>]?: fc.Arbitrary<Init<Desc>[Name]>
}
type Init<Desc extends DescMessage> = Exclude<MessageInitShape<Desc>, MessageShape<Desc>>

/** A message whose fields are drawn from these; each of `optional` is sometimes not set at all. */
export const message = <Desc extends DescMessage>(
  schema: Desc,
  required: Fields<Desc>,
  optional: Fields<Desc> = {},
): fc.Arbitrary<MessageShape<Desc>> =>
  fc
    .record({ ...required, ...optional } as Record<string, fc.Arbitrary<unknown>>, {
      requiredKeys: Object.keys(required),
    })
    .map((init) => create(schema, init as MessageInitShape<Desc>))

/** A short list. */
export const few = <T>(item: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<T[]> =>
  fc.array(item, { maxLength })

/** A list in which an item is sometimes repeated, so that equal neighbours appear. */
export const withRepeats = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc
    .array(fc.tuple(item, fc.integer({ min: 0, max: 5 })), { maxLength: 3 })
    .map((items) => items.flatMap(([value, dice]) => (dice === 0 ? [value, value] : [value])))
