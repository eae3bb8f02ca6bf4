// Protects: a table that another program made in a catalog gets the columns that it lacks, from two processes at once, and
// what was dropped there stays dropped.
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownColumns } from '../../src/ingest/table-columns.ts'
import { logs } from '../../src/tables/logs.ts'
import { type IcebergDestination, icebergDestinations } from './iceberg-destinations.ts'
import { icebergReaders } from './readers/iceberg-readers.ts'
import { post } from './requests.ts'
import { type Server, startServer } from './server.ts'
import { pyicebergWriter } from './writers/writers.ts'

const records = 20
const request = (client: number) => ({
  resourceLogs: [
    {
      resource: {
        attributes: [{ key: 'service.name', value: { stringValue: `client ${client}` } }],
      },
      scopeLogs: [
        {
          logRecords: Array.from({ length: records }, (_, i) => ({
            timeUnixNano: String(1_790_000_000_000_000_000n + BigInt(i)),
            severityText: 'may be dropped',
            severityNumber: 9,
            body: { stringValue: `${client} ${i}` },
          })),
        },
      ],
    },
  ],
})

/** Nessie refuses PyIceberg's changes of schemas: they do not say the last column id. */
const cases: [catalog: string, dropped: readonly string[]][] = [
  ['Java on disk', ['severitytext']],
  ['Nessie', []],
  ['ministack', ['severitytext']],
]

describe.each(cases)('%s', (name, dropped) => {
  let destination: IcebergDestination
  let servers: Server[] = []
  beforeAll(async () => {
    destination = (await icebergDestinations[name]?.()) as IcebergDestination
    servers = [await startServer(destination.env), await startServer(destination.env)]
    const table = destination.table(servers[0] as Server, 'logs')
    if (!('catalog' in table)) throw new Error('a catalog was meant')
    const columns = { theirs: 'long', severitytext: 'string', timestamp: 'timestamptz' }
    await pyicebergWriter([
      { deed: 'create', table, columns, partition: 'timestamp' },
      { deed: 'append', table, rows: [{ theirs: '7', timestamp: '1790000000000000' }] },
      ...dropped.map((column) => ({ deed: 'drop column', table, column }) as const),
    ])
  }, 240_000)
  afterAll(async () => {
    for (const server of servers) {
      await server.stop()
      await rm(server.folder, { recursive: true })
    }
    await destination.stop()
  })

  it('has every column once, and every row of both', async () => {
    const sent = servers.map(({ url }, i) => post(url, 'logs', JSON.stringify(request(i))))
    expect(await Promise.all(sent)).toEqual([200, 200])
    const table = destination.table(servers[0] as Server, 'logs')
    const [answer] = (await icebergReaders.pyiceberg?.read([{ table }])) ?? []
    const ours = ownColumns(logs).fields.map((field) => field.name)
    const wanted = ['theirs', ...ours.filter((column) => !dropped.includes(column))]
    expect(Object.keys(answer?.types ?? {}).sort()).toEqual(wanted.sort())
    const bodies = [0, 1].flatMap((i) => Array.from({ length: records }, (_, k) => `${i} ${k}`))
    const rows = answer?.rows ?? []
    expect(
      rows.map(({ body, severitynumber, theirs }) => [body, severitynumber, theirs]).sort(),
    ).toEqual([...bodies.map((body) => [body, '9', null]), [null, null, '7']].sort())
  })
})
