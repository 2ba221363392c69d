/** Prometheus' own checker, where it is installed (`npm test` brings it: test/system-packages.ts). */
import { spawnSync } from 'node:child_process'

const { status } = spawnSync('promtool', ['--version'], { stdio: 'ignore' })
export const hasPromtool = status === 0
if (!hasPromtool) console.log('not run: promtool is not installed; on Debian: apt-get install prometheus')

/** Its exit code and all it said. */
export function promtool(args: readonly string[], input = ''): { readonly code: number | null; readonly said: string } {
  const { status: code, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  return { code, said: `${stdout}${stderr}` }
}
