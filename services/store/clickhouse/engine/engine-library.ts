/** Finds the ClickHouse library and the foreign-function bridge; both are optional dependencies, looked up at run time. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { AppError } from '../../../runtime/errors.ts'

/** npm packages of `chdb` that carry the library, by `process.platform`-`process.arch`. There is none for Windows or musl. */
const LIBRARY_PACKAGES: ReadonlyMap<string, string> = new Map([
  ['linux-x64', '@chdb/lib-linux-x64-gnu'],
  ['linux-arm64', '@chdb/lib-linux-arm64-gnu'],
  ['darwin-x64', '@chdb/lib-darwin-x64'],
  ['darwin-arm64', '@chdb/lib-darwin-arm64'],
])
const REMEDY = 'Point ROAMWATCH_CLICKHOUSE_URL at a ClickHouse server.'

export type EngineLibrary = {
  /** Path of libchdb.so, 566 MB. */
  readonly path: string
  /** Version of the package that brought it, for example 26.7.3-stable.1. */
  readonly version: string
}

/**
 * Where the library lies.
 * Throws ENGINE_UNSUPPORTED when the platform has none or the optional packages are not installed.
 */
export function findEngineLibrary(platform = `${process.platform}-${process.arch}`): EngineLibrary {
  const packageName = LIBRARY_PACKAGES.get(platform)
  if (packageName === undefined) {
    throw new AppError('ENGINE_UNSUPPORTED', `There is no embedded ClickHouse engine for ${platform}. ${REMEDY}`)
  }
  const fromHere = createRequire(import.meta.url)
  const manifest = locate(fromHere, 'chdb/package.json', platform)
  const fromChdb = createRequire(manifest)
  const libraryManifest = locate(fromChdb, `${packageName}/package.json`, platform)
  locate(fromHere, 'ffi-rs', platform)
  const path = join(dirname(libraryManifest), 'libchdb.so')
  if (!existsSync(path)) {
    throw new AppError('ENGINE_UNSUPPORTED', `${packageName} is installed without its library. Run npm ci. ${REMEDY}`)
  }
  const { version } = fromChdb(libraryManifest) as { readonly version: string }
  return { path, version }
}

function locate(from: NodeJS.Require, request: string, platform: string): string {
  try {
    return from.resolve(request)
  } catch (cause) {
    const message = `The embedded ClickHouse engine for ${platform} needs the optional package of ${request}, which is not installed. Run npm ci, or: ${REMEDY}`
    throw new AppError('ENGINE_UNSUPPORTED', message, { cause })
  }
}
