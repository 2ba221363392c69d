/** The settings of the Kafka transport; part of Settings (schemas/settings.ts), and documented with them. */
import { type Static, Type } from 'typebox'

const nullableText = (description: string) => Type.Union([Type.String(), Type.Null()], { default: null, description })
export const KafkaSettings = Type.Object({
  kafka_brokers: Type.Array(Type.String({ pattern: '^[^,\\s]+:[0-9]{1,5}$' }), {
    default: [],
    description:
      'Kafka brokers to ask first, host:port, comma-separated in the environment. One that answers is enough; the others are learnt from it.',
  }),
  kafka_client_id: Type.String({
    default: 'roamwatch',
    minLength: 1,
    maxLength: 249,
    description: "Name that this process gives itself in the brokers' logs and quotas.",
  }),
  kafka_group_id: Type.Union([Type.String({ minLength: 1, maxLength: 249 }), Type.Null()], {
    default: null,
    description:
      'Consumer group of the processors: they share its partitions and its position. Unset: kafka_topic_prefix and `process`. Never give one group to processors of different topics.',
  }),
  kafka_topic_prefix: Type.String({
    default: 'roamwatch-',
    pattern: '^[A-Za-z0-9._-]{0,200}$',
    description: 'What the names of the topics begin with.',
  }),
  kafka_topics: Type.Union([Type.Literal('create'), Type.Literal('check')], {
    default: 'create',
    description:
      'create: make topics that are missing. check: refuse to start without them. Topics that are there are checked in either case and never changed.',
  }),
  kafka_partitions: Type.Union([Type.Integer({ minimum: 1, maximum: 10_000 }), Type.Null()], {
    default: null,
    description: 'Partitions of the events topic: at most so many processors work at once. Unset: 12.',
  }),
  kafka_replicas: Type.Union([Type.Integer({ minimum: 1, maximum: 32_767 }), Type.Null()], {
    default: null,
    description: "Replicas of a topic that is made. Unset: the broker's default.replication.factor.",
  }),
  kafka_retention_hours: Type.Union([Type.Integer({ minimum: 1, maximum: 876_000 }), Type.Null()], {
    default: null,
    description: 'Hours that the events topic keeps what it has: how long every processor may be down. Unset: 168.',
  }),
  kafka_start: Type.String({
    default: 'earliest',
    pattern:
      '^(earliest|latest|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2}))$',
    description:
      'Where a group without a position begins: earliest, latest or a time such as 2026-11-01T00:00:00Z. An existing position wins.',
  }),
  kafka_sasl: Type.Union(
    [Type.Literal('none'), Type.Literal('plain'), Type.Literal('scram-sha-256'), Type.Literal('scram-sha-512')],
    {
      default: 'none',
      description: 'How to log in at the brokers. plain sends the password as it is: use it with kafka_tls only.',
    },
  ),
  kafka_username: nullableText('User for kafka_sasl.'),
  kafka_password: Type.Union([Type.String(), Type.Null()], {
    default: null,
    secret: true,
    description: 'Its password.',
  }),
  kafka_password_file: nullableText('File that holds the password (a container secret).'),
  kafka_tls: Type.Union([Type.Literal('off'), Type.Literal('on')], {
    default: 'off',
    description: "on: talk TLS to the brokers and check their certificates' names.",
  }),
  kafka_tls_ca_file: nullableText(
    "PEM file of the authority that signed the brokers' certificates. Unset: the system's.",
  ),
  kafka_tls_cert_file: nullableText('PEM file of our own certificate, where brokers ask for one.'),
  kafka_tls_key_file: nullableText('PEM file of its private key.'),
  kafka_session_timeout_ms: Type.Integer({
    default: 30_000,
    minimum: 1_000,
    maximum: 1_800_000,
    description:
      'Milliseconds without a sign of life after which the others take over the partitions of a processor. The broker sets limits.',
  }),
  kafka_batch_events: Type.Integer({
    default: 10_000,
    minimum: 1,
    maximum: 1_000_000,
    description: 'Most events that a processor stores in one go.',
  }),
  kafka_buffer_bytes: Type.Integer({
    default: 12 * 1024 * 1024,
    minimum: 64 * 1024,
    maximum: 1024 * 1024 * 1024,
    description:
      'Bytes that may wait in this process: read and not yet stored, or accepted and not yet sent. More pauses reading and makes senders wait.',
  }),
})
export type KafkaSettings = Static<typeof KafkaSettings>
