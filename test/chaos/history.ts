/** What happened when, a line each in `history.ndjson`, for whoever studies a run that went wrong. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

export type ChaosHistory = { readonly note: (entry: object) => void }

export function createHistory(directory: string): ChaosHistory {
  const path = join(directory, 'history.ndjson')
  return { note: (entry) => appendFileSync(path, `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`) }
}
