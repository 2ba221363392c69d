/** One line of `roamwatch doctor`. */
import { AppError } from '../runtime/errors.ts'

export type Finding = {
  readonly check: string
  readonly status: 'ok' | 'warning' | 'failed'
  readonly detail: string
  /** What to do; null where nothing has to be done, or where the detail says it. */
  readonly fix: string | null
}

export function ok(check: string, detail: string): Finding {
  return { check, status: 'ok', detail, fix: null }
}

export function warning(check: string, detail: string, fix: string): Finding {
  return { check, status: 'warning', detail, fix }
}

/** Throws what is no AppError: that is a fault of ours. */
export function failed(check: string, error: unknown, fix: string | null = null): Finding {
  if (!(error instanceof AppError)) throw error
  return { check, status: 'failed', detail: `${error.code}: ${error.message}`, fix }
}
