/** The shape of rules.yaml, where its words are explained. Checked in tests; loading trusts the file, as for the rest of the catalog. */
import { type Static, Type } from 'typebox'
import { OUTCOMES, SYNC_ENGINES } from '../classified-event.ts'

const closed = { additionalProperties: false }
const texts = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })
const codes = Type.Array(Type.Integer({ minimum: 1, maximum: 0xffffffff }), { minItems: 1 })
const eventIds = Type.Array(Type.Integer({ minimum: 0, maximum: 65535 }), { minItems: 1 })
const outcome = Type.Unsafe<(typeof OUTCOMES)[number]>({ type: 'string', enum: [...OUTCOMES] })
const engine = Type.Unsafe<(typeof SYNC_ENGINES)[number]>({ type: 'string', enum: [...SYNC_ENGINES] })
const resource = Type.Unsafe<'sync' | 'other' | 'none'>({ type: 'string', enum: ['sync', 'other', 'none'] })

const FieldCondition = Type.Union([
  texts,
  Type.Object({ min: Type.Integer(), max: Type.Optional(Type.Integer()) }, closed),
])
const fields = Type.Record(Type.String(), FieldCondition)

const Condition = Type.Object(
  {
    code: Type.Optional(codes),
    any_code: Type.Optional(codes),
    aadsts: Type.Optional(
      Type.Union([
        Type.Literal('none'),
        Type.Literal('any'),
        Type.Array(Type.Integer({ minimum: 10000, maximum: 9999999 }), { minItems: 1 }),
      ]),
    ),
    resource: Type.Optional(resource),
    outcome: Type.Optional(outcome),
    fields: Type.Optional(fields),
  },
  closed,
)

const Rule = Type.Object(
  {
    id: Type.String({ minLength: 1, description: 'Public: the `rule` of a verdict.' }),
    providers: Type.Optional(texts),
    engines: Type.Optional(
      Type.Array(engine, { minItems: 1, description: 'Instead of providers: all of these engines.' }),
    ),
    events: Type.Optional(eventIds),
    when: Type.Optional(Condition),
    awaits: Type.Optional(Type.Array(Type.String(), { description: 'Facts without which the rule cannot be judged.' })),
    facts: Type.Optional(Type.String({ description: 'What these facts must say.' })),
    applies_when: Type.Optional(Type.String({ description: 'Rules that the classifier applies when no other holds.' })),
    guidance: Type.Optional(Type.String({ description: 'Catalog entry that is a check, not a cause.' })),
    category_from: Type.Optional(
      Type.Literal('code', { description: "The code's category is nearer than the entry's." }),
    ),
    candidates: Type.Array(
      Type.Object(
        {
          entry: Type.String(),
          confidence: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
          missing: Type.Optional(Type.Array(Type.String())),
        },
        closed,
      ),
    ),
    why: Type.String({ minLength: 1 }),
  },
  closed,
)

const OutcomeRule = Type.Object(
  { providers: texts, events: eventIds, fields, outcome, why: Type.String({ minLength: 1 }) },
  closed,
)

/** rules.yaml. */
export const RulesFile = Type.Object(
  {
    sync_resources: texts,
    resource_fields: texts,
    correlation_fields: texts,
    win32_fields: texts,
    fallback_code_fields: texts,
    fallback_text_fields: texts,
    fallback_collection_fields: texts,
    name_codes: Type.Array(Type.Object({ fields: texts, prefix: Type.String() }, closed)),
    outcomes: Type.Array(OutcomeRule),
    rules: Type.Array(Rule, { minItems: 1 }),
  },
  closed,
)

export type FieldCondition = Static<typeof FieldCondition>
export type Condition = Static<typeof Condition>
export type Rule = Static<typeof Rule>
export type OutcomeRule = Static<typeof OutcomeRule>
export type Rules = Static<typeof RulesFile>
