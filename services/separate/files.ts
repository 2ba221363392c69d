/** `roamwatch collect files`: follows files and folders, into Kafka. */
import { join } from 'node:path'
import { createFileFollower } from '../../collectors/follow-files/follow-files.ts'
import { createIntake } from '../../collectors/intake.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import type { Settings } from '../../schemas/settings.ts'
import { AppError } from '../runtime/errors.ts'
import { countSent, createCounter } from './counts.ts'
import { createSink, sinkParts } from './kafka-parts.ts'
import type { Stage, StageDeps } from './service.ts'

/** Throws SETTINGS_INVALID. */
export function createFileStage(settings: Settings, { log, onFault }: StageDeps): Stage {
  const { tenant, keep, time_zone: timeZone, retention_days: retentionDays } = settings
  if (settings.files_paths.length === 0) {
    throw new AppError('SETTINGS_INVALID', 'files_paths must name at least one file or folder, or the command line')
  }
  const sink = createSink(settings, log)
  const counter = createCounter()
  const { connecting, connected, check } = sinkParts(sink)
  const intake = createIntake({
    catalog: loadCatalog(),
    tenant,
    keep,
    sourceKind: 'file',
    clock: Date.now,
    retentionDays,
  })
  const follower = createFileFollower({
    paths: settings.files_paths,
    intake,
    positionFile: settings.files_position_file ?? join(settings.data, 'file-positions.json'),
    pollMs: settings.files_poll_ms,
    log,
    clock: Date.now,
    onFault,
    ...(timeZone === null ? {} : { timeZone }),
  })
  const part = {
    name: 'files',
    start: () => follower.start(countSent(sink, counter)),
    stop: () => follower.stop(),
  }
  return {
    name: 'files',
    parts: [connecting, connected, part],
    checks: [check],
    figures: () => ({ counts: counter.counts(), ...follower.health(), sink: sink.health() }),
  }
}
