/** What the commands that run one stage share: settings, log, the line `ready`, and how they end. */
import { createLogger } from '../runtime/logging.ts'
import { runService, type Stage, type StageDeps } from '../separate/service.ts'
import type { Settings } from '../../schemas/settings.ts'
import type { CommandContext } from './command.ts'
import { startTelemetry } from './telemetry/start-telemetry.ts'

/**
 * Runs until a signal ends it. Prints one line when it has started, `ready` and its addresses as JSON; throws what kept it
 * from going on.
 */
export async function runStage(
  createStage: (settings: Settings, deps: StageDeps) => Stage,
  settings: Settings,
  context: Pick<CommandContext, 'terminal' | 'signal' | 'env'> & {
    /** Its name in telemetry: process, serve, gateway, tap, files. */
    readonly service: string
  },
): Promise<void> {
  const { terminal, signal, env, service } = context
  const log = createLogger({ level: settings.log_level, service: 'roamwatch' })
  const telemetry = await startTelemetry(settings, { service: `roamwatch-${service}`, env, log })
  const options = {
    settings,
    log,
    signal,
    metrics: telemetry.metrics,
    onReady: (about: Readonly<Record<string, string>>) => terminal.out(`ready ${JSON.stringify(about)}\n`),
  }
  const isClean = await runService((deps) => createStage(settings, deps), options).finally(telemetry.stop)
  process.exit(isClean ? 0 : 1) // whatever a client or a part that hangs left behind would keep the process alive
}
