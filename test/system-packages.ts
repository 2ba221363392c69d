/** Programs from the system's package manager that some tests compare with or look through. Installed where that is possible. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const PACKAGES = [
  { program: 'evtxexport', name: 'libevtx-utils', use: 'an independent EVTX reader to compare with' },
  { program: 'docker-compose', name: 'docker-compose', use: 'the parser of docker-compose.yml' },
  { program: 'java', name: 'default-jre-headless', use: 'runs a real Kafka broker' },
  { program: 'mvn', name: 'maven', use: "brings Kafka's jars" },
  { program: 'promtool', name: 'prometheus', use: 'checks what /metrics prints, and the alert rules' },
] as const

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

/** Installs what is missing (Debian, as root); returns a line for each package that could not be had and what it is for. */
export function bringSystemPackages(): string[] {
  const wanted = PACKAGES.filter(({ program }) => !isOnPath(program))
  if (wanted.length === 0) return []
  if (existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) {
    const names = wanted.map(({ name }) => name)
    console.log(`Installing ${names.join(', ')} …`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' })
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  return wanted
    .filter(({ program }) => !isOnPath(program))
    .map(({ name, use }) => `${name} (${use}): not installed; on Debian: apt-get install ${name}`)
}

/** Second opinions that take too long to bring (minutes of compiling): tests that name one run where it is installed. */
export const OPTIONAL_PROGRAMS: readonly { readonly program: string; readonly how: string }[] = [
  { program: 'evtx_dump', how: 'a second independent EVTX reader; cargo install evtx --locked brings it' },
]
