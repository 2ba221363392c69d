import { expect, test } from 'vitest'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import { createLogger } from '../../../../services/runtime/logging.ts'
import { readSettings } from '../../../../services/runtime/settings.ts'
import { createFileStage } from '../../../../services/separate/files.ts'
import { createGateway } from '../../../../services/separate/gateway.ts'
import { groupIds } from '../../../../services/separate/kafka-parts.ts'
import { createProcessor } from '../../../../services/separate/processor.ts'
import { createTapStage, readTapSources } from '../../../../services/separate/tap.ts'

const BROKERS = { ROAMWATCH_KAFKA_BROKERS: 'kafka:9092' }
const settingsOf = (env: Readonly<Record<string, string>>) => readSettings({ env })
const deps = { log: createLogger({ level: 'silent', service: 'test' }), onFault: () => undefined }

test('a tapped topic has the tenant and time zone of the settings, or its own', () => {
  const settings = settingsOf({
    ...BROKERS,
    ROAMWATCH_TENANT: 'ours',
    ROAMWATCH_TIME_ZONE: 'Europe/Berlin',
    ROAMWATCH_KAFKA_TAP_TOPICS:
      'beats, vector tenant=contoso, fluent time_zone=Asia/Tokyo, otel tenant=a time_zone=UTC',
  })
  const sources = readTapSources(settings, loadCatalog())
  expect(sources.map(({ topic, intake, timeZone }) => [topic, intake.tenant, timeZone])).toEqual([
    ['beats', 'ours', 'Europe/Berlin'],
    ['vector', 'contoso', 'Europe/Berlin'],
    ['fluent', 'ours', 'Asia/Tokyo'],
    ['otel', 'a', 'UTC'],
  ])
})

test.for([
  ['', 'must name at least one topic'],
  ['beats,beats tenant=b', 'names beats twice'],
  ['beats time_zone=Mars/Olympus', 'time_zone of beats in kafka_tap_topics must be an IANA zone'],
  ['beats, roamwatch-dead-letters', 'names roamwatch-dead-letters, which this program fills itself'],
] as const)('tapped topics %j are refused with a reason', ([topics, words]) => {
  const settings = settingsOf({ ...BROKERS, ROAMWATCH_KAFKA_TAP_TOPICS: topics })
  expect(() => createTapStage(settings, deps)).toThrow(words)
})

test.for(['beats tenent=b', 'beats  tenant=b', 'a topic', 'beats tenant='])('%j is no tapped topic', (topic) => {
  expect(() => settingsOf({ ROAMWATCH_KAFKA_TAP_TOPICS: topic })).toThrow('ROAMWATCH_KAFKA_TAP_TOPICS')
})

test('groups follow the prefix of the topics unless they are named', () => {
  expect(groupIds(settingsOf({}))).toEqual({ process: 'roamwatch-process', tap: 'roamwatch-tap' })
  expect(groupIds(settingsOf({ ROAMWATCH_KAFKA_TOPIC_PREFIX: 'b.', ROAMWATCH_KAFKA_TAP_GROUP_ID: 'mine' }))).toEqual({
    process: 'b.process',
    tap: 'mine',
  })
})

test.for([
  ['process', createProcessor],
  ['collect http', createGateway],
] as const)('%s without brokers is refused with the setting that is missing', ([, create]) => {
  expect(() => create(settingsOf({}), deps)).toThrow('kafka_brokers must name at least one broker')
})

test('collect files without paths is refused with the setting that is missing', () => {
  expect(() => createFileStage(settingsOf(BROKERS), deps)).toThrow('files_paths must name at least one')
})
