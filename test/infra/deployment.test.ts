// Protects the ways to run the program: their files are well-formed, name only what there is, and open no door by accident.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readConfig } from '../../src/config.ts'

const infra = join(import.meta.dirname, '../../infra')
const read = (name: string): string => readFileSync(join(infra, name), 'utf8')

/** The settings of the program that a file makes: `NAME=value`, `NAME: value`. */
const settingsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^[^#\n]*?\b(OTLP2PARQUET_\w+)[=:] ?(\S+)/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  )

const collector = parse(read('collector/collector.yaml'))
const compose = parse(read('compose.yaml'))

const tokens = { OTLP2PARQUET_AUTH: 'bearer', OTLP2PARQUET_AUTH_TOKENS: 'one' }

test.each([
  ['Dockerfile', settingsOf(read('Dockerfile')), tokens],
  ['compose.yaml', compose.services.otlp2parquet.environment, tokens],
  ['otlp2parquet.service', settingsOf(read('otlp2parquet.service')), {}],
])('%s: the program takes its settings', (_, settings, more) => {
  expect(Object.keys(settings)).not.toEqual([])
  expect(readConfig({ ...settings, ...more }, 'node')).toMatchObject({ storageBackend: 'fs' })
})

test('Dockerfile: a container without a choice of who may send does not start', () => {
  expect(() => readConfig(settingsOf(read('Dockerfile')), 'node')).toThrow('OTLP2PARQUET_AUTH')
})

test('Dockerfile: the bundle alone, not as root, with a health check', () => {
  const whole = read('Dockerfile')
  const final = whole.slice(whole.lastIndexOf('\nFROM '))
  expect(final).not.toMatch(/^COPY (?!--from=build)/m)
  expect(final).not.toMatch(/\bnpm\b/)
  expect(final).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m)
  expect(final).toMatch(/^HEALTHCHECK [\s\S]*\/health/m)
})

test('Dockerfile: what the build copies exists and is not ignored', () => {
  const root = join(infra, '..')
  const kept: string[] = read('Dockerfile.dockerignore').match(/^!.*/gm) ?? []
  const missing = kept.map((line) => line.slice(1)).filter((path) => !existsSync(join(root, path)))
  expect(missing).toEqual([])
  for (const [, files = ''] of read('Dockerfile').matchAll(/^COPY (?!--)(.*) \S+$/gm)) {
    const named = files.split(' ').filter((file) => file !== '.')
    expect(named.filter((file) => !kept.includes(`!${file}`))).toEqual([])
  }
})

test('compose.yaml: its files are there, and nothing listens but on this machine', () => {
  const { build } = compose.services.otlp2parquet
  expect(existsSync(join(infra, build.context, build.dockerfile))).toBe(true)
  const mounted = compose.services.collector.volumes.map((mount: string) => mount.split(':')[0])
  expect(mounted.filter((file: string) => !existsSync(join(infra, file)))).toEqual([])
  const ports = Object.values<{ ports: string[] }>(compose.services).flatMap(({ ports }) => ports)
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
})

test('compose.yaml gives the Collector every variable that its configuration has no default for', () => {
  const wanted = [...read('collector/collector.yaml').matchAll(/\$\{env:(\w+)\}/g)]
  const given = Object.keys(compose.services.collector.environment)
  expect(wanted.map(([, name]) => name).filter((name) => !given.includes(name ?? ''))).toEqual([])
  expect(
    given.filter((name) => !read('collector/collector.yaml').includes(`\${env:${name}:-`)),
  ).toEqual([])
})

test('the Collector never gives up, and waits longer than an answer takes', () => {
  const { otlp_http: exporter } = collector.exporters
  expect(exporter.retry_on_failure).toMatchObject({ enabled: true, max_elapsed_time: '0s' })
  expect(Number.parseInt(exporter.timeout, 10) * 1000).toBeGreaterThan(
    readConfig({}, 'node').requestDeadlineMs,
  )
})

test('every pipeline of the Collector ends here', () => {
  const pipelines = Object.entries<{ exporters: string[] }>(collector.service.pipelines)
  expect(pipelines.map(([signal]) => signal).sort()).toEqual(['logs', 'metrics', 'traces'])
  expect(pipelines.filter(([, { exporters }]) => !exporters.includes('otlp_http'))).toEqual([])
})

test('durable.yaml says nothing twice that collector.yaml says', () => {
  const durable = parse(read('collector/durable.yaml'))
  expect(durable.exporters).toEqual({ otlp_http: { sending_queue: { storage: 'file_storage' } } })
  expect(Object.keys(durable.extensions)).toEqual(durable.service.extensions)
})

test('every YAML file is one', () => {
  const files = readdirSync(infra, { recursive: true, encoding: 'utf8' })
  const yaml = files.filter((file) => file.endsWith('.yaml'))
  expect(yaml.length).toBeGreaterThanOrEqual(3)
  expect(yaml.filter((file) => typeof parse(read(file)) !== 'object')).toEqual([])
})
