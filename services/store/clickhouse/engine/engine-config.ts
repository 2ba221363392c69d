/** Writes the settings that the engine starts with: one file for the server, one for its users. */
import { createHash } from 'node:crypto'
import { availableParallelism, totalmem } from 'node:os'

/** The views that readers may ask; everything else is not granted (docs/sql.md). */
export const READER_VIEWS = ['events', 'trends_hourly', 'dead_letters', 'catalog', 'codes'] as const

/** Those of them that hold tenants' rows. */
export const TENANT_VIEWS = ['events', 'trends_hourly', 'dead_letters'] as const
/** Says of which tenant the rows are that a reader's request may see; without it there are none. A statement cannot change its own request. */
export const TENANT_HEADER = 'X-Roamwatch-Tenant'

const MEBIBYTE = 1024 * 1024
/** Longest query of a reader, in seconds; a query may ask for less, never for more. */
const READER_MAX_SECONDS = 60

export type EngineSettings = {
  readonly httpPort: number
  readonly databaseDir: string
  readonly logDir: string
  readonly usersFile: string
  /** Asked whether a caller may be `default`: `door.ts`. */
  readonly doorUri: string
}

/** Most memory that the engine may take, in bytes: half of the machine's, at least 1 GiB. */
export function engineMemoryBytes(): number {
  return Math.max(1024 * MEBIBYTE, Math.floor(totalmem() / 2))
}

export function serverConfig(settings: EngineSettings): string {
  const { logDir } = settings
  return `<clickhouse>
  <http_port>${settings.httpPort}</http_port>
  <listen_host>127.0.0.1</listen_host>
  <logger>
    <log>${xml(logDir)}/engine.log</log>
    <errorlog>${xml(logDir)}/engine.err.log</errorlog>
    <size>10M</size>
    <count>3</count>
  </logger>
  <user_directories><users_xml><path>${xml(settings.usersFile)}</path></users_xml></user_directories>
  <http_authentication_servers>
    <door>
      <uri>${xml(settings.doorUri)}</uri>
      <connection_timeout_ms>5000</connection_timeout_ms>
      <receive_timeout_ms>5000</receive_timeout_ms>
      <send_timeout_ms>5000</send_timeout_ms>
      <max_tries>1</max_tries>
    </door>
  </http_authentication_servers>
  <access_control_improvements>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    <select_from_information_schema_requires_grant>true</select_from_information_schema_requires_grant>
    <table_engines_require_grant>true</table_engines_require_grant>
  </access_control_improvements>
  <max_server_memory_usage>${engineMemoryBytes()}</max_server_memory_usage>
  <mark_cache_size>${256 * MEBIBYTE}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>${Math.max(2, availableParallelism())}</background_pool_size>
  <max_concurrent_queries>200</max_concurrent_queries>
  <keep_alive_timeout>30</keep_alive_timeout>
  <send_crash_reports><enabled>false</enabled></send_crash_reports>
</clickhouse>
`
}

export type EngineUsers = {
  readonly adminPassword: string
  readonly analystPassword: string
  readonly databases: readonly string[]
}

/**
 * `default` is what the engine's own session acts as, which nobody else may: it may only start to listen.
 * `admin` does the work. `analyst` reads the views and nothing else, within limits that it cannot raise.
 */
export function usersConfig(users: EngineUsers): string {
  const grants = users.databases.flatMap((database) =>
    READER_VIEWS.map((view) => `GRANT SELECT ON ${quoted(database)}.${quoted(view)}`),
  )
  return `<clickhouse>
  <profiles>
    <default></default>
    <work><max_execution_time>0</max_execution_time></work>
    <reader>${readerProfile()}</reader>
  </profiles>
  <quotas><default></default></quotas>
  <users>
    <default>${user(DOOR, 'default', ['GRANT SYSTEM LISTEN ON *.*'])}</default>
    <admin>${user(secret(users.adminPassword), 'work', ['GRANT ALL ON *.* WITH GRANT OPTION'])}</admin>
    <analyst>${user(secret(users.analystPassword), 'reader', grants)}${tenantPolicies(users.databases)}</analyst>
  </users>
</clickhouse>
`
}

function tenantPolicies(databases: readonly string[]): string {
  const filter = `<filter>${xml(`tenant = getClientHTTPHeader('${TENANT_HEADER}')`)}</filter>`
  const views = TENANT_VIEWS.map((view) => `<${view}>${filter}</${view}>`).join('')
  return `<databases>${databases.map((database) => `<${database}>${views}</${database}>`).join('')}</databases>`
}

function readerProfile(): string {
  const limits: readonly (readonly [string, number])[] = [
    ['max_execution_time', READER_MAX_SECONDS],
    ['max_memory_usage', Math.floor(engineMemoryBytes() / 2)],
    ['max_result_bytes', 4096 * MEBIBYTE],
    ['max_concurrent_queries_for_user', 16],
    ['max_query_size', MEBIBYTE],
    ['max_ast_depth', 1000],
    ['max_ast_elements', 50_000],
    ['max_expanded_ast_elements', 100_000],
    ['max_subquery_depth', 50],
    ['max_recursive_cte_evaluation_depth', 100],
  ]
  const fixed: readonly (readonly [string, string])[] = [
    ['timeout_overflow_mode', 'throw'],
    ['result_overflow_mode', 'throw'],
    ['allow_introspection_functions', '0'],
    ['allow_ddl', '0'],
    ['optimize_move_to_prewhere_if_final', '0'],
    ['use_skip_indexes_if_final_exact_mode', '1'],
    ['do_not_merge_across_partitions_select_final', '1'],
    ['skip_unavailable_shards', '0'],
    ['allow_get_client_http_header', '1'],
    // Both keep answers by statement and user; whose rows they are, the header says.
    ['use_query_cache', '0'],
    ['use_query_condition_cache', '0'],
  ]
  const values = [...limits, ...fixed].map(([name, value]) => `<${name}>${value}</${name}>`)
  const constraints = [
    ...limits.map(([name, value]) => `<${name}><min>1</min><max>${value}</max></${name}>`),
    ...fixed.map(([name]) => `<${name}><const/></${name}>`),
  ]
  return `<readonly>2</readonly>${values.join('')}<constraints>${constraints.join('')}</constraints>`
}

function user(password: string, profile: string, grants: readonly string[]): string {
  const queries = grants.map((grant) => `<query>${xml(grant)}</query>`).join('')
  return `${password}<networks><ip>127.0.0.1</ip><ip>::1</ip></networks><profile>${profile}</profile><quota>default</quota><grants>${queries}</grants>`
}

const DOOR = '<http_authentication><server>door</server><scheme>basic</scheme></http_authentication>'
const secret = (password: string) =>
  `<password_sha256_hex>${createHash('sha256').update(password).digest('hex')}</password_sha256_hex>`
const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``
const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
