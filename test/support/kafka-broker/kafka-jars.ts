/**
 * Kafka's own jars from Maven Central, kept outside the repository and shared by all clones of this user. Downloaded
 * once: into a folder of its own that is renamed when it is whole, so that a broken download never counts as one.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { bringJava } from './java-runtime.ts'

export const KAFKA_VERSION = '4.1.0'

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>roamwatch.test</groupId>
  <artifactId>kafka-broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}
    ${dependency('org.apache.kafka', 'kafka-tools', KAFKA_VERSION)}
    ${dependency('org.slf4j', 'slf4j-simple', '1.7.36')}
  </dependencies>
</project>
`

export type KafkaJars = { readonly folder: string } | { readonly missing: string }

let found: Promise<KafkaJars> | undefined

/** The folder with the jars and a Java to run them, or one line that says why there is none here. Asked once a process. */
export function bringKafkaJars(): Promise<KafkaJars> {
  return (found ??= findOrDownload())
}

async function findOrDownload(): Promise<KafkaJars> {
  const folder = join(cacheFolder(), 'roamwatch', `kafka-${KAFKA_VERSION}`)
  const isThere = existsSync(folder)
  const withoutJava = bringJava(!isThere)
  if (withoutJava !== undefined) return { missing: withoutJava }
  if (isThere) return { folder }
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}-download-`)
  try {
    const failure = await download(work)
    if (failure !== undefined) return { missing: failure }
    // Whoever is second finds the folder there and not empty: that one is as good.
    await rename(join(work, 'lib'), folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error
    })
    return { folder }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function download(work: string): Promise<string | undefined> {
  await writeFile(join(work, 'pom.xml'), POM)
  console.log(`Downloading Kafka ${KAFKA_VERSION} from Maven Central (54 MB, once) …`)
  const args = ['-q', '-B', '-f', join(work, 'pom.xml'), 'dependency:copy-dependencies']
  const { status, output } = await run('mvn', [...args, `-DoutputDirectory=${join(work, 'lib')}`])
  const jars = existsSync(join(work, 'lib')) ? await readdir(join(work, 'lib')) : []
  if (status === 0 && jars.some((name) => name.startsWith('kafka_2.13'))) return undefined
  return `Maven could not bring Kafka ${KAFKA_VERSION}: ${output.replace(/\s+/g, ' ').slice(0, 300)}`
}

export function run(program: string, args: readonly string[]): Promise<{ status: number | null; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ status: number | null; output: string }>()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.on('error', (error) => resolve({ status: null, output: error.message }))
  child.on('close', (status) => resolve({ status, output }))
  return promise
}

function dependency(group: string, artifact: string, version: string): string {
  return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
}

/** Where this user's programs keep what can be had again (XDG Base Directory; Apple's and Microsoft's own places). */
export function cacheFolder(): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches')
  if (process.platform === 'win32') return process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local')
  return process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
}
