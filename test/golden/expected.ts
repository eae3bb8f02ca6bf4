/** What the golden cases must become, written down by hand from the tables' rules. */
import type { Row } from '../judge/row.ts'

export interface Expected {
  /** The rows of each table, every column of them. */
  readonly tables: Readonly<Record<string, readonly Row[]>>
  /** Records rejected, by reason. */
  readonly rejected?: Readonly<Record<string, number>>
}

export const requestId = '00112233445566778899aabbccddeeff'

/** 2027-01-15T08:00:00 UTC in milliseconds: when every golden request arrives. */
export const receivedAt = 1_800_000_000_000

/** The same in microseconds. */
export const arrived = 1_800_000_000_000_000n

const common = { RequestId: requestId, IngestedAt: arrived }

/** Columns of a record whose resource and scope are not there. */
export const bare: Row = {
  ...common,
  ServiceName: null,
  ServiceNamespace: null,
  ServiceInstanceId: null,
  ResourceAttributes: null,
  ResourceSchemaUrl: '',
  ResourceDroppedAttributesCount: null,
  ResourceEntityRefs: null,
  ScopeName: null,
  ScopeVersion: null,
  ScopeAttributes: null,
  ScopeDroppedAttributesCount: null,
  ScopeSchemaUrl: '',
}

/** Columns of a record of this service without a scope. */
export const of = (service: string): Row => ({
  ...bare,
  ServiceName: service,
  ServiceNamespace: 'shop',
  ServiceInstanceId: 'shop-1',
  ResourceAttributes: `{"service.name":"${service}","service.namespace":"shop","service.instance.id":"shop-1"}`,
  ResourceDroppedAttributesCount: 0n,
  ResourceEntityRefs: '[]',
})
