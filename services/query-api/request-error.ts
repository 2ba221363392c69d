/** An error that is the request's fault and has an HTTP status of its own (405, 406, 414, 421, …). */
import { AppError, type ErrorCode } from '../runtime/errors.ts'

export class RequestError extends AppError {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    statusCode: number,
    message: string,
    options: { readonly code?: ErrorCode; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(options.code ?? 'REQUEST_INVALID', message)
    this.name = 'RequestError'
    this.statusCode = statusCode
    this.headers = options.headers ?? {}
  }
}

const MAX_QUOTED = 80

/** A value of the request for an error message: quoted, escaped, cut. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
  const shown = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text
  return JSON.stringify(shown.toWellFormed())
}

/** `name must be <accepts>; it was "value"`. */
export function invalidParameter(name: string, accepts: string, value: unknown): AppError {
  return new AppError('REQUEST_INVALID', `${name} must be ${accepts}; it was ${quote(value)}`)
}
