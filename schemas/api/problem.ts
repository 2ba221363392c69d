/** The answer to every request that failed: RFC 9457 problem details with our `code`. */
import { type Static, Type } from 'typebox'

/** The media type of a problem. */
export const PROBLEM_JSON = 'application/problem+json'

export const Problem = Type.Object(
  {
    type: Type.String({
      description: 'Identifies the kind of problem; the last part is `code`.',
      examples: ['urn:roamwatch:error:REQUEST_INVALID'],
    }),
    title: Type.String({ description: 'What this kind of problem means.' }),
    status: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What was wrong with this request, and what to do.' }),
    instance: Type.String({
      description: 'Names this one occurrence: urn:uuid: and the request_id of the log lines.',
      examples: ['urn:uuid:7d1d4f9e-4c62-4d8e-9e3c-5f3b8f0d2a11'],
    }),
    code: Type.String({ description: 'Fixed word to decide by; docs/errors.md lists all.', examples: ['NOT_FOUND'] }),
    checks: Type.Optional(
      Type.Array(
        Type.Object({
          name: Type.String(),
          ok: Type.Boolean(),
          detail: Type.Union([Type.String(), Type.Null()]),
        }),
        { description: 'Only from /readyz: what was checked.' },
      ),
    ),
  },
  {
    $id: 'Problem',
    description: 'Why a request failed (RFC 9457).',
    examples: [
      {
        type: 'urn:roamwatch:error:REQUEST_INVALID',
        title: 'A parameter of the request is unknown or has a wrong value.',
        status: 400,
        detail: 'there is no parameter "outcom"; did you mean "outcome"?',
        instance: 'urn:uuid:7d1d4f9e-4c62-4d8e-9e3c-5f3b8f0d2a11',
        code: 'REQUEST_INVALID',
      },
    ],
  },
)
export type Problem = Static<typeof Problem>
