/** Every refusal has one form: checks it and gives what it says. */
import { expect } from 'vitest'
import type { Problem } from '../../../../schemas/api/problem.ts'
import { ERROR_CODES, type ErrorCode } from '../../../../services/runtime/errors.ts'
import type { Answer } from './test-app.ts'

export function expectProblem(answer: Answer): Problem {
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  const body = answer.json<Problem>()
  expect(body.status).toBe(answer.statusCode)
  expect(body.type).toBe(`urn:roamwatch:error:${body.code}`)
  expect(body.title).toBe(ERROR_CODES[body.code as ErrorCode])
  expect(body.instance).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
  return body
}
