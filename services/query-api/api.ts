/** What the API is built from, and the types its routes and plugins share. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyPluginAsync,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { DeadLetterPage, DeadLetterQuery, ReplayResult, StoredDeadLetter } from '../../schemas/api/dead-letters.ts'
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import type { MetricsPage } from '../runtime/telemetry/metrics-page.ts'
import type { EventReader } from '../store/event-store.ts'

/** One thing that answers depend on. `check` resolves when it is there and rejects with the reason when not. */
export type HealthCheck = { readonly name: string; readonly check: () => Promise<void> }

/**
 * Routes that another stage brings (the HTTP gateway's `POST /v1/events`). They are registered before the app is
 * ready, behind the same guards and error handler, and stand in the OpenAPI document.
 */
export type ApiPlugin = FastifyPluginAsync

/** What can be seen and done of dead letters. `undefined`: there is no such letter. */
export type DeadLetterDesk = {
  list(query: DeadLetterQuery): Promise<DeadLetterPage>
  get(tenant: string, key: string): Promise<StoredDeadLetter | undefined>
  /** Resolves when its rows are stored or safe with the queue, or it was refused again. */
  replay(tenant: string, key: string, by: string): Promise<ReplayResult | undefined>
  /** The letter as it is then: one that was replayed stays so. */
  discard(
    tenant: string,
    key: string,
    why: { readonly by: string; readonly reason: string },
  ): Promise<StoredDeadLetter | undefined>
}

export type ApiDeps = {
  readonly reader: EventReader
  /** Without it there are no routes for dead letters. */
  readonly deadLetters?: DeadLetterDesk
  readonly catalog: Catalog
  /** Every answer is of this tenant. */
  readonly tenant: string
  readonly logger?: FastifyBaseLogger
  /** Checked by /readyz beside the store. */
  readonly health?: readonly HealthCheck[]
  readonly plugins?: readonly ApiPlugin[]
  /**
   * Host names, besides loopback ones, that requests may be addressed to; 'any' only where the API is meant to be
   * reached under every name (behind a proxy that checks).
   */
  readonly allowedHosts?: readonly string[] | 'any'
  /** The most questions to the store at a time; more are answered with OVERLOADED. */
  readonly maxConcurrentReads?: number
  readonly now?: () => Date
  /** Without it there is no route `/metrics`. */
  readonly metrics?: MetricsPage | undefined
}

/** What a route needs: the dependencies with their defaults filled in. */
export type RouteDeps = Required<Pick<ApiDeps, 'reader' | 'catalog' | 'tenant' | 'health' | 'now'>>

/** What a route of dead letters needs. */
export type DeadLetterDeps = { readonly desk: DeadLetterDesk; readonly tenant: string }

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** An example call, in the shape that Redoc and others show beside an operation. */
export type CodeSample = { readonly lang: 'Shell'; readonly label: string; readonly source: string }

declare module 'fastify' {
  interface FastifySchema {
    'x-codeSamples'?: readonly CodeSample[]
  }
  interface FastifyContextConfig {
    /** Media type of the route's answer; application/json unless given. */
    produces?: string
    /** The answer changes only with the program: it gets an ETag and is revalidated instead of sent again. */
    isStatic?: boolean
  }
}
