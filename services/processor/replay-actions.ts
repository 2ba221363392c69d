/** What became of the events of replayed dead letters: by these rows the letters are closed, or stay open with the new reason. */
import packageFile from '../../package.json' with { type: 'json' }
import type { DeadLetterAction } from '../../schemas/dead-letter-action.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { Batch } from '../transport/transport.ts'

/** The action of a batch that carries a replay; [] for any other. `refused`: what could not be stored of it. */
export function replayActions(
  { tenant, replay }: Pick<Batch, 'tenant' | 'replay'>,
  accepted: number,
  refused: readonly Pick<DeadLetter, 'reason' | 'detail'>[],
): DeadLetterAction[] {
  if (replay === undefined) return []
  const about = { ...replay, tenant, version: packageFile.version }
  const [first] = refused
  if (first !== undefined) return [{ ...about, action: 'failed', reason: first.reason, detail: first.detail }]
  return accepted === 0 ? [] : [{ ...about, action: 'stored', reason: '', detail: '' }]
}
