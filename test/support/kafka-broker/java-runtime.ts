/** Java and Maven for the broker from Maven Central: found, or installed where that is possible (Debian, as root). */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const PACKAGES = ['default-jre-headless', 'maven'] as const

/** undefined when `java` and, unless `isMavenNeeded` is false, `mvn` can be run; else one line that says what is missing and the fix. */
export function bringJava(isMavenNeeded: boolean): string | undefined {
  const programs = isMavenNeeded ? ['java', 'mvn'] : ['java']
  if (missing(programs).length > 0) installPackages()
  const stillMissing = missing(programs)
  if (stillMissing.length === 0) return undefined
  return `${stillMissing.join(' and ')} not found; on Debian: apt-get install ${PACKAGES.join(' ')}`
}

function missing(programs: readonly string[]): string[] {
  return programs.filter((program) => spawnSync(program, ['-version'], { stdio: 'ignore' }).status !== 0)
}

function installPackages(): void {
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) return
  console.log(`Installing ${PACKAGES.join(', ')} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Lock::Timeout: another test process may be installing at this moment.
  const wait = ['-o', 'DPkg::Lock::Timeout=300']
  spawnSync('apt-get', [...wait, 'update', '-qq'], { env, stdio: 'ignore' })
  spawnSync('apt-get', [...wait, 'install', '-y', '-qq', '--no-install-recommends', ...PACKAGES], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
