/** Answers of /healthz and /readyz. */
import { type Static, Type } from 'typebox'

export const Alive = Type.Object(
  { status: Type.Unsafe<'alive'>({ type: 'string', enum: ['alive'] }) },
  { $id: 'Alive', description: 'The process answers.', examples: [{ status: 'alive' }] },
)
export type Alive = Static<typeof Alive>

export const Ready = Type.Object(
  {
    status: Type.Unsafe<'ready'>({ type: 'string', enum: ['ready'] }),
    checks: Type.Array(
      Type.Object({
        name: Type.String({ examples: ['store'] }),
        ok: Type.Boolean(),
        detail: Type.Union([Type.String(), Type.Null()], { description: 'Why not, where not ok.' }),
      }),
    ),
  },
  {
    $id: 'Ready',
    description: 'Everything that answers depend on is there.',
    examples: [{ status: 'ready', checks: [{ name: 'store', ok: true, detail: null }] }],
  },
)
export type Ready = Static<typeof Ready>
export type ReadyCheck = Ready['checks'][number]
