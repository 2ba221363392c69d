import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Settings } from '../../../schemas/settings.ts'
import { readSettings } from '../../../services/runtime/settings.ts'
import { KAFKA_VERSION } from '../../support/kafka-broker/kafka-jars.ts'
import { compose, ours, readText, ROOT, services, variablesOf, withDefaults } from './compose-file.ts'

const text = readText('docker-compose.yml')
const settingNames = new Set(Object.keys(Settings.properties).map((name) => `ROAMWATCH_${name.toUpperCase()}`))

describe('docker-compose.yml', () => {
  it('runs the gateway, the tap, processors and the API, with Kafka and ClickHouse', () => {
    expect(ours.map(([name, { command }]) => [name, command?.join(' ')])).toEqual([
      ['gateway', 'collect http'],
      ['tap', 'collect kafka'],
      ['process', 'process'],
      ['serve', 'serve'],
    ])
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(['kafka', 'clickhouse']))
  })

  it.each(ours)('gives %s only settings that exist, with defaults that a start accepts', (_, { environment = {} }) => {
    const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, withDefaults(value)]))
    for (const name of Object.keys(env)) expect(settingNames).toContain(name)
    // The secrets lie in the container; that they can be read is not the question here.
    const settings = readSettings({ env: { ...env, ROAMWATCH_CLICKHOUSE_PASSWORD_FILE: '' } })
    expect(settings.tenant).toBe('default')
  })

  it.each(ours)('lets %s show its health where .env says, for Prometheus', (_, { environment = {} }) => {
    expect(environment['ROAMWATCH_HEALTH_HOST']).toBe('${ROAMWATCH_HEALTH_HOST:-127.0.0.1}')
  })

  it.each(ours)('starts %s with a command that is there', (_, { command = [] }) => {
    const launcher = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(ROOT, 'services/cli/main.ts'), ...command, '--help'],
      { encoding: 'utf8' },
    )
    expect(launcher.stdout).toContain(`Usage: roamwatch ${command.join(' ')}`)
    expect(launcher.status).toBe(0)
  })

  it('opens ports of the loopback address only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []).map(withDefaults)
    expect(ports).toEqual(['127.0.0.1:8090:8090', '127.0.0.1:8080:8080'])
  })

  it('keeps Kafka and ClickHouse on a network without a way out', () => {
    expect(compose.networks['inside']?.internal).toBe(true)
    for (const name of ['kafka', 'clickhouse', 'process', 'tap'])
      expect(compose.services[name], name).toMatchObject({ networks: ['inside'] })
  })

  it('pins every image, Kafka and ClickHouse to what the tests run', () => {
    for (const [, { image }] of services) expect(withDefaults(image)).toMatch(/^[a-z/-]+:\d+\.\d+\.\d+(\.\d+)?$/)
    expect(compose.services['kafka']?.image).toBe(`apache/kafka:${KAFKA_VERSION}`)
    const engine = JSON.parse(readText('node_modules/chdb/package.json')) as {
      optionalDependencies: Record<string, string>
    }
    const [version] = Object.values(engine.optionalDependencies)
    expect(compose.services['clickhouse']?.image).toContain(`:${/\d+\.\d+\.\d+/.exec(version ?? '')?.[0]}.`)
  })

  it('has no password in it: secrets are files that do not come with the project', () => {
    for (const [name, service] of services) {
      for (const [variable, value] of Object.entries(service.environment ?? {}))
        if (/PASSWORD|SECRET|TOKEN/.test(variable))
          expect(String(value), `${name} ${variable}`).toMatch(/^\/run\/secrets\//)
      for (const secret of service.secrets ?? [])
        expect(compose.secrets).toHaveProperty(typeof secret === 'string' ? secret : secret.source)
    }
    for (const { file } of Object.values(compose.secrets)) {
      expect(file).toMatch(/^\$\{SECRETS:-\.\/secrets\}\//)
      expect(spawnSync('git', ['ls-files', withDefaults(file)], { cwd: ROOT, encoding: 'utf8' }).stdout).toBe('')
    }
    expect(readText('.dockerignore').split('\n')).toContain('*')
  })

  it('mounts files that are there, read-only', () => {
    const mounts = services.flatMap(([, service]) => service.volumes ?? []).filter((mount) => mount.startsWith('.'))
    expect(mounts.length).toBeGreaterThan(0)
    for (const mount of mounts) {
      const [source = '', , mode] = mount.split(':')
      expect(existsSync(join(ROOT, source)), source).toBe(true)
      expect(mode).toBe('ro')
    }
  })

  it.each(services)('starts %s again, without privileges and within bounds', (name, service) => {
    expect(service).toMatchObject({ restart: 'unless-stopped', cap_drop: ['ALL'] })
    expect(service.mem_limit).toBeDefined()
    if (ours.some(([own]) => own === name)) expect(service.read_only).toBe(true)
    else expect(service.healthcheck).toBeDefined()
  })
})

describe('.env.example', () => {
  const example = new Map(
    [...readText('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value]) => [name, value]),
  )

  it('lists every variable of docker-compose.yml with its default, and no other', () => {
    expect(Object.fromEntries(example)).toEqual(Object.fromEntries(variablesOf(text)))
  })

  it('uses the prefix of the settings for settings only', () => {
    for (const name of example.keys()) if (name.startsWith('ROAMWATCH_')) expect(settingNames).toContain(name)
  })
})

const composeCommands = [
  ['docker', 'compose'],
  ['docker-compose', undefined],
] as const
const parser = composeCommands.find(([program, plugin]) => {
  const args = plugin === undefined ? ['version'] : [plugin, 'version']
  return spawnSync(program, args).status === 0
})
if (parser === undefined) console.log('not run: neither `docker compose` nor docker-compose is on this machine')

describe.skipIf(parser === undefined)('Compose itself', () => {
  const config = (...args: string[]) => {
    const [program, plugin] = parser!
    const words = [...(plugin === undefined ? [] : [plugin]), '-f', join(ROOT, 'docker-compose.yml'), ...args]
    return spawnSync(program, words, {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    })
  }

  it('reads docker-compose.yml, with every profile', () => {
    const { status, stderr, stdout } = config('--profile', 'tap', 'config')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    for (const [name] of services) expect(stdout).toContain(`  ${name}:\n`)
  })
})
