/** `roamwatch collect files`: follows files and folders, into Kafka. */
import { join } from 'node:path'
import { createFileFollower, type FileFollower } from '../../collectors/follow-files/follow-files.ts'
import { createIntake } from '../../collectors/intake.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import type { Settings } from '../../schemas/settings.ts'
import { AppError } from '../runtime/errors.ts'
import { createTally } from '../runtime/telemetry/collect-tally.ts'
import { observe } from '../runtime/telemetry/instruments.ts'
import { observedPart, type Undo, undoAll } from '../runtime/telemetry/observed-part.ts'
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
    tally: createTally('file'),
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
  const following = {
    name: 'files',
    start: () => follower.start(countSent(sink, counter)),
    stop: () => follower.stop(),
  }
  const part = observedPart(following, () => observeFollower(follower))
  return {
    name: 'files',
    parts: [connecting, connected, part],
    checks: [check],
    figures: () => ({ counts: counter.counts(), ...follower.health(), sink: sink.health() }),
  }
}

/** Ends with the function that it returns. */
function observeFollower(follower: Pick<FileFollower, 'health'>): Undo {
  return undoAll([
    observe('roamwatch.files.followed', (report) => report(follower.health().files)),
    observe('roamwatch.files.lag', (report) => report(follower.health().lag_bytes)),
  ])
}
