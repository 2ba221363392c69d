/** The oldest ClickHouse that this is tested with, and what to say of one that is older. */
import { AppError } from '../../runtime/errors.ts'
import { type Client, select } from './client.ts'

/** Major and minor version. */
const TESTED = [26, 7] as const

/** The advice for a server of this version (26.7.2.1); undefined where there is none to give. */
export function adviceForVersion(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor, leastMinor] = TESTED
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined
  return `upgrade it: ${TESTED.join('.')} is the oldest that this is tested with`
}

/** The error, with the advice where the server refused what newer ones take. Never rejects. */
export async function withVersionAdvice(error: unknown, bare: Client): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== 'STORE_REFUSED') return error
  const rows = await select<{ version: string }>(bare, 'SELECT version() AS version').catch(() => [])
  const version = rows[0]?.version
  const advice = version === undefined ? undefined : adviceForVersion(version)
  if (version === undefined || advice === undefined) return error
  return new AppError('STORE_REFUSED', `${error.message} This is ClickHouse ${version}; ${advice}.`, { cause: error })
}
