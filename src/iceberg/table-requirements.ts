/** What must hold for a commit to happen (Iceberg REST catalog specification, `TableRequirement`). */
import type { TableMetadata } from './table-metadata.ts'

export type TableRequirement =
  | { readonly type: 'assert-create' }
  | { readonly type: 'assert-table-uuid'; readonly uuid: string }
  | {
      readonly type: 'assert-ref-snapshot-id'
      readonly ref: string
      /** Null: there must be no such branch or tag. */
      readonly 'snapshot-id': bigint | null
    }
  | { readonly type: 'assert-current-schema-id'; readonly 'current-schema-id': number }
  | {
      readonly type: 'assert-last-assigned-field-id'
      readonly 'last-assigned-field-id': number
    }

/** The first requirement that does not hold, in words; null when all do. */
export const brokenRequirement = (
  metadata: TableMetadata,
  requirements: readonly TableRequirement[],
): string | null => {
  for (const requirement of requirements) {
    const [what, wanted, found] = compared(metadata, requirement)
    if (wanted !== found) return `${what}: expected ${wanted}, found ${found}`
  }
  return null
}

type Compared = readonly [what: string, wanted: unknown, found: unknown]

const compared = (metadata: TableMetadata, requirement: TableRequirement): Compared => {
  switch (requirement.type) {
    case 'assert-create':
      return ['table', null, metadata['table-uuid']]
    case 'assert-table-uuid':
      return ['table uuid', requirement.uuid, metadata['table-uuid']]
    case 'assert-ref-snapshot-id': {
      const { ref } = requirement
      const found = metadata.refs[ref]?.['snapshot-id'] ?? null
      return [`snapshot of ${ref}`, requirement['snapshot-id'], found]
    }
    case 'assert-current-schema-id':
      return ['current schema', requirement['current-schema-id'], metadata['current-schema-id']]
    case 'assert-last-assigned-field-id':
      return ['last column id', requirement['last-assigned-field-id'], metadata['last-column-id']]
  }
}
