import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SaxesParser } from 'saxes'
import { describe, expect, it } from 'vitest'
import packageFile from '../../../package.json' with { type: 'json' }
import nodeFlags from '../../../services/cli/node-flags.json' with { type: 'json' }
import { usersConfig } from '../../../services/store/clickhouse/engine/engine-config.ts'
import { temporaryDirectory } from '../../support/clickhouse.ts'
import { ours, readText, ROOT } from './compose-file.ts'

const xmlFiles = readdirSync(join(ROOT, 'deploy'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.xml'))
  .map((name) => join('deploy', name))

/** Paths and texts of the elements that hold text; attributes do not count. */
function leavesOf(xml: string): readonly (readonly [path: string, text: string])[] {
  const path: string[] = []
  const leaves: [string, string][] = []
  let text = ''
  const parser = new SaxesParser()
  parser.on('opentag', ({ name }) => {
    path.push(name)
    text = ''
  })
  parser.on('text', (part) => (text += part))
  parser.on('closetag', () => {
    leaves.push([path.join('/'), text.trim()])
    path.pop()
    text = ''
  })
  parser.write(xml).close()
  return leaves
}

describe('the ClickHouse files', () => {
  it.each(xmlFiles)('%s is well-formed XML, with a reason in it', (file) => {
    expect(leavesOf(readText(file)).length).toBeGreaterThan(1)
    expect(readText(file)).toContain('<!--')
  })

  const users = readText('deploy/clickhouse/users.d/roamwatch.xml')
  const embedded = usersConfig({ adminPassword: 'a', analystPassword: 'b', databases: ['roamwatch'] })
  const below = (xml: string, prefix: string) =>
    leavesOf(xml)
      .filter(([path]) => path.startsWith(prefix))
      .map(([path, text]) => [path.slice(prefix.length), text] as const)
      .filter(([path]) => path !== '' && !path.includes('max_memory_usage'))

  it('hold readers to the limits of the embedded engine, but for memory', () => {
    const profile = (name: string) => `clickhouse/profiles/${name}/`
    const own = below(users, profile('roamwatch_reader'))
    expect(Object.fromEntries(own)).toEqual(Object.fromEntries(below(embedded, profile('reader'))))
    expect(own.length).toBeGreaterThan(20)
  })

  it('grant readers the views that the embedded engine grants them', () => {
    const grants = (xml: string) =>
      leavesOf(xml)
        .filter(([path]) => path === 'clickhouse/users/analyst/grants/query')
        .map(([, text]) => text.replaceAll('`', ''))
    expect(grants(users)).toEqual(grants(embedded))
    expect(grants(users).length).toBeGreaterThan(4)
  })

  it('hold no password and no digest of one', () => {
    for (const file of xmlFiles) {
      const secrets = leavesOf(readText(file)).filter(([path]) => /password/.test(path))
      for (const [path, text] of secrets) expect(text, `${file} ${path}`).toBe('')
    }
  })
})

describe('the Dockerfile', () => {
  const dockerfile = readText('deploy/docker/Dockerfile')

  it('starts services with the flags that the launcher of a clone starts them with', () => {
    const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as string[]
    expect(entry.slice(2, -1)).toEqual(nodeFlags.flags)
  })

  it('may use no heap for which the container that it runs in has no memory', () => {
    const heapMib = Number(/--max-old-space-size=(\d+)/.exec(dockerfile)?.[1])
    // Buffers of Kafka's batches and requests' bodies, code, the young objects, threads.
    const outsideMib = 1000
    expect(heapMib).toBeGreaterThan(0)
    expect(ours.length).toBeGreaterThan(3)
    for (const [name, { mem_limit: limit = '', entrypoint, environment }] of ours) {
      expect(limit, name).toMatch(/^\d+g$/)
      expect(Number.parseInt(limit) * 1024, name).toBeGreaterThanOrEqual(heapMib + outsideMib)
      expect({ entrypoint, options: environment?.['NODE_OPTIONS'] }, name).toEqual({})
    }
  })

  it('builds on the Node that the project runs on, by an exact tag that can be replaced', () => {
    expect(dockerfile).toContain(`ARG NODE_IMAGE=node:${packageFile.dependencies.node}-bookworm-slim\n`)
    expect(dockerfile.match(/^FROM .*$/gm)).toEqual(['FROM ${NODE_IMAGE} AS dependencies', 'FROM ${NODE_IMAGE}'])
    expect(readText('docker-compose.yml')).toContain(`node:${packageFile.dependencies.node}-bookworm-slim`)
  })

  it('carries the version of the package', () => {
    expect(readText('docker-compose.yml')).toContain(`roamwatch:${packageFile.version}`)
  })

  it('copies what .dockerignore lets through', () => {
    const allowed = new Set([...readText('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, name]) => name))
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) => names.split(' '))
    expect(copied.length).toBeGreaterThan(5)
    for (const name of copied) expect(allowed).toContain(name)
  })
})

describe('make-secrets.sh', () => {
  it('makes passwords once, that only the owner of the folder can reach', () => {
    const { path, remove } = temporaryDirectory()
    try {
      const folder = join(path, 'secrets')
      const make = () => spawnSync('bash', [join(ROOT, 'deploy/docker/make-secrets.sh'), folder]).status
      const read = (name: string) => readFileSync(join(folder, name), 'utf8')
      const names = ['clickhouse_writer_password', 'clickhouse_reader_password']
      expect(make()).toBe(0)
      const first = names.map(read)
      expect(make()).toBe(0)
      expect(names.map(read)).toEqual(first)
      expect(new Set(first).size).toBe(2)
      const digests = read('clickhouse_passwords.xml')
      for (const password of first) {
        expect(password).toMatch(/^[A-Za-z0-9_-]{32}$/)
        expect(digests).toContain(`>${createHash('sha256').update(password).digest('hex')}<`)
        expect(digests).not.toContain(password)
      }
      expect(statSync(folder).mode & 0o777).toBe(0o700)
    } finally {
      remove()
    }
  })
})
