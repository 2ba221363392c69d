/** docker-compose.yml as a reader of it sees it: YAML with its merges resolved, `${NAME:-default}` left as it stands. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export const ROOT = join(import.meta.dirname, '../../..')
export const readText = (path: string) => readFileSync(join(ROOT, path), 'utf8')

export type Service = {
  readonly image: string
  readonly build?: unknown
  readonly profiles?: readonly string[]
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly ports?: readonly string[]
  readonly secrets?: readonly (string | { readonly source: string })[]
  readonly volumes?: readonly string[]
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly healthcheck?: unknown
  readonly restart?: string
  readonly mem_limit?: string
}

export type ComposeFile = {
  readonly services: Readonly<Record<string, Service>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
}

export const compose = parse(readText('docker-compose.yml'), { merge: true }) as ComposeFile
export const services = Object.entries(compose.services)
/** The services that are our image. */
export const ours = services.filter(([, { build }]) => build !== undefined)

/** Every `${NAME:-default}` of a text. */
export function variablesOf(text: string): Map<string, string | undefined> {
  return new Map(
    [...text.matchAll(/\$\{([A-Z0-9_]+)(?::-([^}]*))?\}/g)].map(([, name = '', fallback]) => [name, fallback]),
  )
}

export const withDefaults = (value: string | number) =>
  String(value).replaceAll(/\$\{[A-Z0-9_]+(?::-([^}]*))?\}/g, (_, fallback: string | undefined) => fallback ?? '')
