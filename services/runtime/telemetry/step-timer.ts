/** The steps of handling a batch: each a span, and its duration as a metric. */
import { createHistogram } from './instruments.ts'
import { errorType, inSpan } from './spans.ts'
import { timed } from './timed.ts'

/** decode: of a chunk of a partition; classify: of a batch, to rows that are ready to be stored. */
export type Step = 'decode' | 'classify' | 'store_dead_letters' | 'store_rows'
/** Runs `work`, whose result it gives back; a promise is timed until it is settled. */
export type StepTimer = <T>(step: Step, work: () => T) => T

export function createStepTimer(): StepTimer {
  const record = createHistogram('roamwatch.process.step.duration')

  return function time(step, work) {
    return timed(
      () => inSpan(step.replaceAll('_', ' '), {}, work),
      (seconds, error) =>
        record(seconds, {
          'roamwatch.step': step,
          'error.type': error === undefined ? undefined : errorType(error),
        }),
    )
  }
}
