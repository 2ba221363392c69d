/**
 * Settings from three places through one schema (schemas/settings.ts): flags win over the environment, the environment
 * over the file, the file over the defaults. An unknown name or a wrong value stops the start and says how to mend it.
 */
import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { loadCheck } from '../../schemas/load-checkers.ts'
import { type SettingName, Settings } from '../../schemas/settings.ts'
import { AppError } from './errors.ts'
import { nearestName } from './nearest-name.ts'

const PREFIX = 'ROAMWATCH_'
/** Read by the command line itself, not by the schema. */
const OTHER_VARIABLES = ['ROAMWATCH_CONFIG']
const names = Object.keys(Settings.properties) as SettingName[]

export type SettingSources = {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Path of a YAML file; undefined: `ROAMWATCH_CONFIG` or none. */
  readonly file?: string
  /** What the command line gave, already typed. */
  readonly flags?: Partial<Settings>
}

/** Throws SETTINGS_INVALID. `clickhouse_password` is filled from `clickhouse_password_file`. */
export function readSettings(sources: SettingSources): Settings {
  const file = sources.file ?? sources.env['ROAMWATCH_CONFIG']
  const settings: Record<string, unknown> = {}
  for (const name of names) settings[name] = defaultOf(name)
  if (file !== undefined) Object.assign(settings, fromFile(file))
  Object.assign(settings, fromEnvironment(sources.env), dropUndefined(sources.flags ?? {}))
  return withPasswordFile(check(settings))
}

function defaultOf(name: SettingName): unknown {
  return (Settings.properties[name] as { default?: unknown }).default
}

function fromFile(path: string): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = parseYaml(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new AppError('SETTINGS_INVALID', `the settings file ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    })
  }
  if (parsed === null || parsed === undefined) return {}
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new AppError('SETTINGS_INVALID', `the settings file ${path} must be a YAML map of name: value`)
  }
  for (const name of Object.keys(parsed)) {
    if (!names.includes(name as SettingName)) throw unknown(`${name} in ${path}`, name, names)
  }
  return parsed as Record<string, unknown>
}

function fromEnvironment(env: SettingSources['env']): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || text === undefined || OTHER_VARIABLES.includes(variable)) continue
    const name = variable.slice(PREFIX.length).toLowerCase()
    if (!names.includes(name as SettingName))
      throw unknown(variable, name, names, (known) => PREFIX + known.toUpperCase())
    found[name] = fromText(name as SettingName, text)
  }
  return found
}

function unknown(what: string, name: string, known: readonly string[], shown = (nearest: string) => nearest): AppError {
  const nearest = nearestName(name, known)
  const fix = nearest === undefined ? 'docs/settings.md lists all' : `did you mean ${shown(nearest)}?`
  return new AppError('SETTINGS_INVALID', `unknown setting ${what}; ${fix}`)
}

function fromText(name: SettingName, text: string): unknown {
  const schema: { type?: string; anyOf?: readonly { type?: string }[] } = Settings.properties[name]
  const types = schema.anyOf?.map((member) => member.type) ?? [schema.type]
  if (text === '' && types.includes('null')) return null
  if (types.includes('integer') && /^-?[0-9]+$/.test(text)) return Number(text)
  if (types.includes('array'))
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  return text
}

function dropUndefined(flags: Partial<Settings>): Partial<Settings> {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
}

function check(settings: Record<string, unknown>): Settings {
  for (const name of names) {
    const schema = Settings.properties[name]
    if (settings[name] === defaultOf(name)) continue // a test holds the defaults against their schemas
    if (!loadCheck()(schema, settings[name])) {
      const shown = 'secret' in schema ? 'its value' : JSON.stringify(settings[name])
      throw new AppError('SETTINGS_INVALID', `${PREFIX}${name.toUpperCase()} (${name}) ${demand(schema)}, not ${shown}`)
    }
  }
  const checked = settings as Settings
  if (checked.time_zone !== null) checkTimeZone(checked.time_zone)
  return checked
}

/** "must be …" in words, from the schema. */
function demand(schema: object): string {
  const { minimum, maximum, pattern, anyOf, minLength, items } = schema as {
    items?: { pattern?: string }
    minimum?: number
    maximum?: number
    pattern?: string
    minLength?: number
    anyOf?: readonly { const?: string; minimum?: number; maximum?: number; pattern?: string }[]
  }
  const literals = anyOf?.flatMap((member) => (member.const === undefined ? [] : [member.const])) ?? []
  if (literals.length > 0) return `must be one of ${literals.join(', ')}`
  const range = anyOf?.find((member) => member.minimum !== undefined) ?? { minimum, maximum }
  if (range.minimum !== undefined) return `must be a whole number from ${range.minimum} to ${range.maximum ?? 'any'}`
  const matching = pattern ?? anyOf?.find((member) => member.pattern !== undefined)?.pattern
  if (matching !== undefined) return `must match ${matching}`
  if (items?.pattern !== undefined) return `must be a list of texts that match ${items.pattern}`
  return minLength === undefined ? 'has a value of the wrong type; docs/settings.md says which' : 'must not be empty'
}

function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch (cause) {
    const message = `ROAMWATCH_TIME_ZONE (time_zone) must be an IANA zone such as Europe/Amsterdam, not ${JSON.stringify(timeZone)}`
    throw new AppError('SETTINGS_INVALID', message, { cause })
  }
}

function withPasswordFile(settings: Settings): Settings {
  const path = settings.clickhouse_password_file
  if (path === null) return settings
  if (settings.clickhouse_password !== null) {
    throw new AppError('SETTINGS_INVALID', 'set clickhouse_password or clickhouse_password_file, not both')
  }
  return { ...settings, clickhouse_password: readSecret('clickhouse_password_file', path) }
}

/** The first line break at the end is the editor's, not the secret's. Throws SETTINGS_INVALID. */
export function readSecret(setting: SettingName, path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw new AppError('SETTINGS_INVALID', `${setting} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
