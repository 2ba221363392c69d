/** What the commands that run one stage share: settings, log, the line `ready`, and how they end. */
import { createLogger } from '../runtime/logging.ts'
import { runService, type Stage, type StageDeps } from '../separate/service.ts'
import type { Settings } from '../../schemas/settings.ts'
import type { CommandContext } from './command.ts'

/**
 * Runs until a signal ends it. Prints one line when it has started, `ready` and its addresses as JSON; throws what kept it
 * from going on.
 */
export async function runStage(
  createStage: (settings: Settings, deps: StageDeps) => Stage,
  settings: Settings,
  { terminal, signal }: Pick<CommandContext, 'terminal' | 'signal'>,
): Promise<void> {
  const log = createLogger({ level: settings.log_level, service: 'roamwatch' })
  const isClean = await runService((deps) => createStage(settings, deps), {
    settings,
    log,
    signal,
    onReady: (about) => terminal.out(`ready ${JSON.stringify(about)}\n`),
  })
  process.exit(isClean ? 0 : 1) // whatever a client or a part that hangs left behind would keep the process alive
}
