/** The steps of handling a batch: each a span, and its duration as a metric. */
import { createHistogram } from './instruments.ts'
import { errorType, inSpan } from './spans.ts'

/** decode: of a chunk of a partition, within `classify`, which takes the chunks one by one. */
export type Step = 'decode' | 'classify' | 'store_dead_letters' | 'store_rows'
/** Runs `work`, whose result it gives back; a promise is timed until it is settled. */
export type StepTimer = <T>(step: Step, work: () => T) => T

export function createStepTimer(): StepTimer {
  const record = createHistogram('roamwatch.process.step.duration')

  return function time(step, work) {
    const startedAt = performance.now()
    const done = (error?: unknown) =>
      record((performance.now() - startedAt) / 1000, {
        'roamwatch.step': step,
        'error.type': error === undefined ? undefined : errorType(error),
      })
    try {
      const result = inSpan(step.replaceAll('_', ' '), {}, work)
      if (result instanceof Promise) result.then(() => done(), done)
      else done()
      return result
    } catch (error) {
      done(error)
      throw error
    }
  }
}
