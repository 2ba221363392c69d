import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Check } from 'typebox/value'
import { Settings } from '../../../../schemas/settings.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import { readSettings, type SettingSources } from '../../../../services/runtime/settings.ts'

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'roamwatch-settings-'))))
afterAll(() => rmSync(folder, { recursive: true }))

function file(text: string): string {
  const path = join(folder, `${String(Math.random()).slice(2)}.yaml`)
  writeFileSync(path, text)
  return path
}

function refusal(sources: SettingSources): string {
  try {
    readSettings(sources)
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    expect((error as AppError).code).toBe('SETTINGS_INVALID')
    return (error as AppError).message
  }
  throw new Error('was accepted')
}

describe('readSettings', () => {
  test('gives every setting its default', () => {
    expect(readSettings({ env: {} })).toMatchObject({
      data: 'data',
      api_port: 8080,
      keep: 'known',
      retention_days: null,
    })
  })

  test.for(Object.entries(Settings.properties))('has a default for %s that its schema allows', ([, schema]) => {
    expect(Check(schema, (schema as { default?: unknown }).default)).toBe(true)
  })

  test('prefers flags to the environment, the environment to the file, the file to the default', () => {
    const path = file('api_port: 1\ntenant: from-file\nkeep: all\n')
    const env = { ROAMWATCH_API_PORT: '2', ROAMWATCH_TENANT: 'from-env', ROAMWATCH_CONFIG: path, HOME: '/root' }
    const settings = readSettings({ env, flags: { api_port: 3 } })
    expect(settings).toMatchObject({ api_port: 3, tenant: 'from-env', keep: 'all' })
  })

  test('takes lists, null and numbers from the environment', () => {
    const env = {
      ROAMWATCH_API_ALLOWED_HOSTS: 'a.example, b.example,',
      ROAMWATCH_RETENTION_DAYS: '30',
      ROAMWATCH_TIME_ZONE: '',
    }
    const settings = readSettings({ env })
    expect(settings).toMatchObject({
      api_allowed_hosts: ['a.example', 'b.example'],
      retention_days: 30,
      time_zone: null,
    })
  })

  test('leaves a flag that was not given to the other sources', () => {
    expect(readSettings({ env: { ROAMWATCH_API_PORT: '2' }, flags: { api_port: undefined as never } }).api_port).toBe(2)
  })

  test.for([
    [{ ROAMWATCH_API_PROT: '1' }, 'did you mean ROAMWATCH_API_PORT?'],
    [{ ROAMWATCH_ZZZZZZZZZZ: '1' }, 'docs/settings.md lists all'],
    [
      { ROAMWATCH_API_PORT: '65536' },
      'ROAMWATCH_API_PORT (api_port) must be a whole number from 0 to 65535, not 65536',
    ],
    [{ ROAMWATCH_API_PORT: '80a' }, 'must be a whole number from 0 to 65535, not "80a"'],
    [{ ROAMWATCH_API_PORT: '' }, 'must be a whole number'],
    [{ ROAMWATCH_RETENTION_DAYS: '0' }, 'must be a whole number from 1 to 36500'],
    [{ ROAMWATCH_KEEP: 'some' }, 'must be one of known, all, not "some"'],
    [{ ROAMWATCH_TIME_ZONE: 'Mars/Olympus' }, 'must be an IANA zone such as Europe/Amsterdam, not "Mars/Olympus"'],
    [{ ROAMWATCH_TENANT: '../x' }, 'must match'],
    [{ ROAMWATCH_DATA: '' }, 'must not be empty'],
    [{ ROAMWATCH_CLICKHOUSE_URL: 'clickhouse:8123' }, 'must match ^https?://'],
  ] as const)('refuses %j and says how to mend it', ([env, words]) => {
    expect(refusal({ env })).toContain(words)
  })

  test.for([
    ['api_prot: 1', 'did you mean api_port?'],
    ['- a\n- b', 'must be a YAML map'],
    ['a: [', 'cannot be read'],
    ['api_port: "8080"', 'must be a whole number from 0 to 65535, not "8080"'],
    ['api_port: 1e400', 'must be a whole number'],
    ['__proto__: 1', 'unknown setting __proto__'],
    ['api_port: 1\napi_port: 2', 'cannot be read'],
  ] as const)('refuses the file %j', ([text, words]) => {
    expect(refusal({ env: {}, file: file(text) })).toContain(words)
  })

  test('takes an empty file as no settings and a missing one as an error', () => {
    expect(readSettings({ env: {}, file: file('') }).api_port).toBe(8080)
    expect(refusal({ env: {}, file: join(folder, 'missing.yaml') })).toContain('cannot be read')
  })

  test('reads the password from its file without the line break, and never prints a wrong one', () => {
    const path = file('s3cret\r\n')
    expect(readSettings({ env: { ROAMWATCH_CLICKHOUSE_PASSWORD_FILE: path } }).clickhouse_password).toBe('s3cret')
    const both = { ROAMWATCH_CLICKHOUSE_PASSWORD_FILE: path, ROAMWATCH_CLICKHOUSE_PASSWORD: 'hunter2' }
    expect(refusal({ env: both })).not.toContain('hunter2')
    expect(refusal({ env: {}, file: file('clickhouse_password: [hunter2]') })).not.toContain('hunter2')
  })
})
