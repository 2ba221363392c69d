/** The settings of the services that run one stage each; part of Settings (schemas/settings.ts), and documented with them. */
import { type Static, Type } from 'typebox'

/** topic, then `tenant=…` and `time_zone=…` where they differ from the settings of the same name. */
const TAP_TOPIC =
  '^[A-Za-z0-9._-]{1,249}( tenant=[A-Za-z0-9][A-Za-z0-9._-]{0,63})?( time_zone=[A-Za-z][A-Za-z0-9_+/-]{0,63})?$'

export const ServiceSettings = Type.Object({
  health_host: Type.String({
    default: '127.0.0.1',
    minLength: 1,
    description:
      'Address that a service (process, serve, collect) shows its health on: /healthz, /readyz, /status, /metrics. It asks for no password.',
  }),
  health_port: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 65535,
    description: 'Port of its health; 0 takes a free one, which the log and the line `ready` name.',
  }),
  telemetry_prometheus: Type.Union([Type.Literal('on'), Type.Literal('off')], {
    default: 'on',
    description:
      'on: metrics in the text format of Prometheus on `/metrics`, beside a service’s health and on the API. off: there is no such address.',
  }),
  telemetry_otlp_endpoint: Type.Union([Type.String({ pattern: '^https?://[^ ]+$' }), Type.Null()], {
    default: null,
    description:
      'Where traces and metrics are sent to, by OTLP over HTTP, for example http://otel-collector:4318. Unset: as OTEL_EXPORTER_OTLP_ENDPOINT says, or nowhere. docs/telemetry.md lists the OTEL_ variables.',
  }),
  kafka_tap_topics: Type.Array(Type.String({ pattern: TAP_TOPIC }), {
    default: [],
    description:
      "Topics that shippers fill in their own shapes, for `roamwatch collect kafka`: the topic's name, with ` tenant=NAME` and ` time_zone=ZONE` behind it where they differ from those settings (comma-separated in the environment).",
  }),
  kafka_tap_group_id: Type.Union([Type.String({ minLength: 1, maxLength: 249 }), Type.Null()], {
    default: null,
    description:
      'Consumer group of `roamwatch collect kafka`: its processes share the topics and the position. Unset: kafka_topic_prefix and `tap`. A tap of other topics needs another one.',
  }),
  files_paths: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    description:
      'Files and folders that `roamwatch collect files` follows, where its command line names none (comma-separated in the environment).',
  }),
  files_position_file: Type.Union([Type.String({ minLength: 1 }), Type.Null()], {
    default: null,
    description:
      'Where `roamwatch collect files` keeps how far it got. One a process. Unset: `file-positions.json` in the data directory.',
  }),
  files_poll_ms: Type.Integer({
    default: 1_000,
    minimum: 50,
    maximum: 3_600_000,
    description: 'Milliseconds between two looks at the files that `roamwatch collect files` follows.',
  }),
})
export type ServiceSettings = Static<typeof ServiceSettings>
