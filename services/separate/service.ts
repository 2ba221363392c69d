/** What the separate services have in common: a stage with its parts, its health, and the words it is started with. */
import packageFile from '../../package.json' with { type: 'json' }
import type { Settings } from '../../schemas/settings.ts'
import { AppError } from '../runtime/errors.ts'
import { createHealth, type HealthCheck } from '../runtime/health.ts'
import { createHealthServer } from '../runtime/health-server.ts'
import { createLifecycle, type Part } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logging.ts'
import type { MetricsPage } from '../runtime/telemetry/metrics-page.ts'
import { observeChecks } from '../runtime/telemetry/observe-checks.ts'
import { observedPart } from '../runtime/telemetry/observed-part.ts'

export type Stage = {
  /** process, serve, gateway, tap, files. */
  readonly name: string
  /** In starting order. */
  readonly parts: readonly Part[]
  readonly checks: readonly HealthCheck[]
  readonly figures: () => Readonly<Record<string, unknown>>
  /** Addresses that callers need, once started, for example `url`. */
  readonly addresses?: () => Readonly<Record<string, string>>
}

/** What a stage is built with. */
export type StageDeps = {
  readonly log: Logger
  /** A fault of ours or something that only a restart can mend: the process ends, with this as its reason. */
  readonly onFault: (error: unknown) => void
  /** What `/metrics` shows; undefined where it is switched off. */
  readonly metrics?: MetricsPage | undefined
}

export type ServiceOptions = {
  readonly settings: Settings
  readonly log: Logger
  /** Aborted: stop within the deadline. */
  readonly signal: AbortSignal
  readonly metrics?: MetricsPage | undefined
  /** Called once when everything has started, with the addresses of the health and the stage. */
  readonly onReady: (about: Readonly<Record<string, string>>) => Promise<void>
}

/**
 * Runs the stage until `signal` is aborted or it fails. Resolves with whether it stopped cleanly within the deadline;
 * rejects with what kept it from starting or going on.
 */
export async function runService(createStage: (deps: StageDeps) => Stage, options: ServiceOptions): Promise<boolean> {
  const { settings, log, signal, metrics } = options
  const ending = Promise.withResolvers<undefined>()
  let fault: Error | undefined
  const stage = createStage({
    log,
    metrics,
    onFault(error) {
      fault ??= error instanceof Error ? error : new Error(String(error))
      log.fatal({ err: error }, 'the service cannot go on: it ends, to be started again')
      ending.resolve(undefined)
    },
  })
  const health = createHealth({
    service: stage.name,
    version: packageFile.version,
    checks: stage.checks,
    fault: () => fault,
    figures: stage.figures,
    startedAt: new Date(),
  })
  const server = createHealthServer(health, { host: settings.health_host, port: settings.health_port }, metrics)
  const announce: Part = {
    name: 'announce',
    start() {
      log.info({ health: server.url() }, 'starting')
      return Promise.resolve()
    },
    stop: () => Promise.resolve(),
  }
  const lifecycle = createLifecycle(
    [observedPart(server, () => observeChecks(stage.checks)), announce, ...stage.parts],
    {
      log,
      deadlineMs: settings.stop_deadline_ms,
    },
  )
  const stop = () => {
    ending.resolve(undefined)
    void lifecycle.stop()
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (!signal.aborted) await lifecycle.start()
    if (!signal.aborted && fault === undefined) {
      await options.onReady({ service: stage.name, health: server.url(), ...stage.addresses?.() })
      await ending.promise
    }
  } catch (error) {
    if (!(signal.aborted && isStopping(error))) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
  const isClean = await lifecycle.stop()
  if (fault !== undefined) throw fault
  return isClean
}

/** Waiting for a broker or a store was interrupted: what it says then is no fault. */
function isStopping(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'STOPPING' || error.retryable)
}
