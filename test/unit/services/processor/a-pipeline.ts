/** The real pipeline over the real catalog, with a clock that stands still. */
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import { loadRules } from '../../../../schemas/catalog/load-rules.ts'
import type { ClassifiedEvent } from '../../../../schemas/classified-event.ts'
import type { WindowsEvent } from '../../../../schemas/windows-event.ts'
import { createPipeline } from '../../../../services/processor/pipeline.ts'
import { createDecodeBytes } from '../../../../services/processor/steps/decode-bytes.ts'
import { anEvent } from './an-event.ts'

export const NOW = new Date('2026-11-24T00:00:00Z')
export const catalog = loadCatalog()
export const rules = loadRules()
export const pipeline = createPipeline({ catalog, rules, now: () => NOW, decodeBytes: createDecodeBytes() })

/** The row of one event; fails the test when there is none. */
export function rowOf(of: Partial<WindowsEvent>): ClassifiedEvent {
  const row = pipeline.classifyEvent(anEvent(of), 'default')
  if ('kind' in row) throw new Error(`${row.reason}: ${row.detail}`)
  return row
}
