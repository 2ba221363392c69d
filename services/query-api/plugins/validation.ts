/** Says what is wrong with a parameter in words: its name, what it may be, what it was, and the nearest known name. */
import type { FastifySchemaValidationError } from 'fastify'
import { AppError } from '../../runtime/errors.ts'
import { nearestName } from '../../runtime/nearest-name.ts'
import { quote } from '../request-error.ts'

/**
 * AJV's options: what comes in is never stripped; a single value of a list parameter is a list of one. Its optimiser is
 * off: it took half of the app's start (measured: 490 ms of CPU against 245) and made no request faster.
 */
export const AJV_OPTIONS = {
  removeAdditional: false,
  coerceTypes: 'array',
  useDefaults: true,
  verbose: true,
  code: { optimize: false },
} as const

/** With AJV's `verbose`. */
type Violation = FastifySchemaValidationError & {
  readonly data?: unknown
  readonly parentSchema?: {
    readonly title?: string
    readonly type?: string
    readonly enum?: readonly string[]
    readonly properties?: Readonly<Record<string, unknown>>
    readonly minimum?: number
    readonly maximum?: number
  }
}

export function describeViolations(violations: FastifySchemaValidationError[]): AppError {
  const [first] = violations
  return new AppError('REQUEST_INVALID', first === undefined ? 'the request is not as documented' : describe(first))
}

function describe(violation: Violation): string {
  const { keyword, params, parentSchema = {}, data } = violation
  if (keyword === 'additionalProperties') {
    return unknownParameter(String(params['additionalProperty']), Object.keys(parentSchema.properties ?? {}))
  }
  if (keyword === 'required') return `${String(params['missingProperty'])} is required`
  const name = nameOf(violation.instancePath)
  if (keyword === 'maxItems') return `${name} may be given at most ${String(params['limit'])} times`
  if (keyword === 'type' && Array.isArray(data)) return `${name} may be given only once`
  return `${name} must be ${accepted(parentSchema)}; it was ${quote(data)}`
}

/** `/not.event_id/0` is not.event_id. */
function nameOf(instancePath: string): string {
  return (instancePath.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~') || 'the request'
}

function accepted(schema: NonNullable<Violation['parentSchema']>): string {
  if (schema.title !== undefined) return schema.title
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`
  if (schema.minimum !== undefined && schema.maximum !== undefined) {
    return `a whole number from ${schema.minimum} to ${schema.maximum}`
  }
  return 'as the reference at / says'
}

function unknownParameter(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  if (nearest !== undefined) return `there is no parameter ${quote(name)}; did you mean ${nearest}?`
  const short = known.filter((parameter) => !parameter.startsWith('not.'))
  const list = known.length === 0 ? 'this route takes none' : `there are ${short.join(', ')}`
  return `there is no parameter ${quote(name)}; ${list}`
}
