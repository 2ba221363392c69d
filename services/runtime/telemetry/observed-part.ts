/** Parts whose state is shown as metrics for as long as they run. */
import type { Part } from '../lifecycle.ts'

/** Ends what it began. */
export type Undo = () => void

export function undoAll(undo: readonly Undo[]): Undo {
  return () => {
    for (const step of undo) step()
  }
}

/** `part`, with `observe` from before its start until it has stopped. */
export function observedPart(part: Part, observe: () => Undo): Part {
  let undo: Undo | undefined
  return {
    ...part,
    start() {
      undo = observe()
      return part.start()
    },
    async stop() {
      await part.stop()
      undo?.()
    },
  }
}
