/** How the store reaches ClickHouse: one client for our own work, one for readers' statements, found again when the engine was restarted. */
import { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'
import { type Client, openClient } from './client.ts'
import { acquireEngine, type Engine, type EngineOptions } from './engine/engine.ts'

export const DATABASE = 'roamwatch'

export type Connection = {
  /** Does the work: writes and reads everything. */
  readonly admin: Client
  /** Not bound to a database, which may not exist yet. */
  readonly bare: Client
  /** Sees the views only; undefined when the server has no such user for us. */
  readonly reader: Client | undefined
}

export type ClickHouseAccess = {
  readonly database: string
  readonly cluster: string | undefined
  /** The connection as it is now. Rejects with the errors of `acquireEngine` or, after `close`, STOPPING. */
  connect(): Promise<Connection>
  /** What is connected: for logs and `doctor`, without secrets. */
  describe(): {
    readonly kind: 'embedded' | 'remote'
    readonly url: string | undefined
    readonly enginePid: number | undefined
  }
  close(): Promise<void>
}

export type EmbeddedOptions = Omit<EngineOptions, 'databases'> & {
  readonly database?: string
  /** Databases whose views readers may see; only the one that starts the engine decides. */
  readonly databases?: readonly string[]
  readonly log?: Logger
}

/** The embedded engine. It is started or joined at the first use, and again whenever it was killed. */
export function embeddedAccess(options: EmbeddedOptions): ClickHouseAccess {
  const database = options.database ?? DATABASE
  const databases = options.databases ?? [database]
  let current: Promise<{ readonly engine: Engine; readonly connection: Connection }> | undefined
  let engine: Engine | undefined
  let isClosed = false

  const open = async () => {
    const acquired = await acquireEngine({ ...options, databases })
    const { url, card } = acquired
    const admin = { url, username: 'admin', password: card.adminPassword }
    const reader = { url, username: 'analyst', password: card.analystPassword, database }
    const connection = {
      admin: openClient({ ...admin, database }),
      bare: openClient({ ...admin, database: 'default' }),
      reader: openClient(reader),
    }
    engine = acquired
    const how = acquired.isOwn ? 'Started' : 'Joined'
    options.log?.info({ engine_pid: card.pid, url }, `${how} the embedded ClickHouse engine`)
    void acquired.lease.ended.then(() => {
      if (!isClosed)
        options.log?.warn(
          { engine_pid: card.pid },
          'The embedded ClickHouse engine has ended; the next call starts it again',
        )
    })
    return { engine: acquired, connection }
  }

  return {
    database,
    cluster: undefined,
    describe: () => ({ kind: 'embedded', url: engine?.url, enginePid: engine?.card.pid }),
    async connect() {
      if (isClosed) throw new AppError('STOPPING', 'The store is closed')
      if (engine?.lease.isHeld() === false) {
        engine = undefined
        void current?.then(({ connection }) => closeAll(connection))
        current = undefined
      }
      const attempt = (current ??= open())
      try {
        return (await attempt).connection
      } catch (error) {
        if (current === attempt) current = undefined
        throw error
      }
    },
    async close() {
      if (isClosed) return
      isClosed = true
      const opened = await current?.catch(() => undefined)
      if (opened === undefined) return
      await closeAll(opened.connection)
      await opened.engine.lease.release()
    },
  }
}

export type RemoteOptions = {
  readonly url: string
  readonly username: string
  readonly password: string
  readonly database?: string
  /** Tables are created on all servers of this cluster, replicated. */
  readonly cluster?: string
  readonly caFile?: string
  /** A user that is granted the views only; without it, ad-hoc SQL is refused. */
  readonly reader?: { readonly username: string; readonly password: string }
}

/** A ClickHouse server. */
export function remoteAccess(options: RemoteOptions): ClickHouseAccess {
  const database = options.database ?? DATABASE
  const base = {
    url: options.url,
    isCluster: options.cluster !== undefined,
    ...(options.caFile === undefined ? {} : { caFile: options.caFile }),
  }
  const account = { username: options.username, password: options.password }
  const connection: Connection = {
    admin: openClient({ ...base, ...account, database }),
    bare: openClient({ ...base, ...account, database: 'default' }),
    reader: options.reader === undefined ? undefined : openClient({ ...base, ...options.reader, database }),
  }
  let isClosed = false
  return {
    database,
    cluster: options.cluster,
    describe: () => ({ kind: 'remote', url: new URL(options.url).origin, enginePid: undefined }),
    connect() {
      if (isClosed) return Promise.reject(new AppError('STOPPING', 'The store is closed'))
      return Promise.resolve(connection)
    },
    async close() {
      if (isClosed) return
      isClosed = true
      await closeAll(connection)
    },
  }
}

async function closeAll({ admin, bare, reader }: Connection): Promise<void> {
  await Promise.all([admin.close(), bare.close(), reader?.close() ?? Promise.resolve()])
}
