/**
 * Every setting: environment `ROAMWATCH_<NAME>`, key `<name>` of the settings file, and for the common ones a flag.
 * This is the only list; checks, defaults and docs/settings.md follow from it.
 */
import { type Static, Type } from 'typebox'
import { KafkaSettings } from './kafka-settings.ts'
import { ServiceSettings } from './service-settings.ts'

export const Settings = Type.Object(
  {
    data: Type.String({
      default: 'data',
      minLength: 1,
      description: 'Data directory of the embedded ClickHouse engine, relative to the current directory.',
    }),
    tenant: Type.String({
      default: 'default',
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
      description: 'Tenant that what is collected here belongs to.',
    }),
    keep: Type.Union([Type.Literal('known'), Type.Literal('all')], {
      default: 'known',
      description:
        'known: keep the events of the providers in the catalog, drop and count others. all: keep every event.',
    }),
    time_zone: Type.Union([Type.String(), Type.Null()], {
      default: null,
      description:
        'IANA time zone of sources whose times carry none, for example Europe/Amsterdam. Unset: such records become dead letters.',
    }),
    api_host: Type.String({
      default: '127.0.0.1',
      description:
        'Address the HTTP API or the gateway listens on. The API asks for no password: keep it on loopback or behind a proxy that does.',
    }),
    api_port: Type.Integer({
      default: 8080,
      minimum: 0,
      maximum: 65535,
      description: 'Port of the HTTP API, or of the gateway (`roamwatch collect http`); 0 takes a free one.',
    }),
    api_allowed_hosts: Type.Array(Type.String(), {
      default: [],
      description:
        'Host names, besides loopback, that requests may be addressed to (comma-separated in the environment).',
    }),
    max_body_bytes: Type.Integer({
      default: 64 * 1024 * 1024,
      minimum: 1024,
      maximum: 4 * 1024 * 1024 * 1024,
      description: 'Largest body of POST /v1/events, in bytes as sent.',
    }),
    clickhouse_url: Type.Union([Type.String({ pattern: '^https?://' }), Type.Null()], {
      default: null,
      description: 'URL of a ClickHouse server, for example http://clickhouse:8123. Unset: the embedded engine.',
    }),
    clickhouse_user: Type.String({ default: 'default', description: 'User of that server.' }),
    clickhouse_password: Type.Union([Type.String(), Type.Null()], {
      default: null,
      secret: true,
      description: 'Its password.',
    }),
    clickhouse_password_file: Type.Union([Type.String(), Type.Null()], {
      default: null,
      description: 'File that holds the password (a container secret).',
    }),
    clickhouse_reader_user: Type.Union([Type.String(), Type.Null()], {
      default: null,
      description:
        'User of that server that may read the views and nothing else: runs ad-hoc SQL. Unset: `roamwatch query` is refused.',
    }),
    clickhouse_reader_password_file: Type.Union([Type.String(), Type.Null()], {
      default: null,
      description: "File that holds the reader's password. Unset: it has none.",
    }),
    clickhouse_ca_file: Type.Union([Type.String(), Type.Null()], {
      default: null,
      description:
        "File with the certificate authority (PEM) of that server's TLS certificate, where the system does not know it.",
    }),
    clickhouse_database: Type.String({
      default: 'roamwatch',
      pattern: '^[A-Za-z_][A-Za-z0-9_]{0,63}$',
      description: 'Database that holds the tables and views.',
    }),
    clickhouse_cluster: Type.Union([Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,63}$' }), Type.Null()], {
      default: null,
      description:
        "Name of the cluster in the servers' `remote_servers`: tables are made on all of its servers, replicated, and the large ones spread over its shards. Set it before the first start and never change it. Unset: one server.",
    }),
    retention_days: Type.Union([Type.Integer({ minimum: 1, maximum: 36500 }), Type.Null()], {
      default: null,
      description:
        'Days of events to keep, by their own time. Whole partitions are dropped; older arrivals are dropped by rule. Unset: for ever.',
    }),
    log_level: Type.Union(
      ['trace', 'debug', 'info', 'warn', 'error', 'silent'].map((level) => Type.Literal(level)),
      { default: 'info', description: 'Least level that is logged: trace, debug, info, warn, error or silent.' },
    ),
    stop_deadline_ms: Type.Integer({
      default: 10_000,
      minimum: 100,
      maximum: 600_000,
      description: 'Milliseconds that stopping may take before what is left is cut off.',
    }),
    ...KafkaSettings.properties,
    ...ServiceSettings.properties,
  },
  { additionalProperties: false, description: 'Settings of Roamwatch.' },
)
export type Settings = Static<typeof Settings>
export type SettingName = keyof Settings
