/** `roamwatch process`: one processor, from Kafka to the store. */
import { createProcessor } from '../../separate/processor.ts'
import { addSettingOptions, type CliCommand, type SettingFlags, settingsOf } from '../command.ts'
import { runStage } from '../run-stage.ts'

export const processEvents: CliCommand = {
  define(command, context) {
    command.addHelpText('after', EXAMPLE)
    addSettingOptions(command, ['data', 'brokers', 'healthPort', 'tenant', 'logLevel'])
    command.action((flags: SettingFlags) =>
      runStage(createProcessor, settingsOf(flags, context.env), { ...context, service: 'process' }),
    )
  },
}

const EXAMPLE = `
Example:
  roamwatch process --brokers kafka:9092        as many as the events topic has partitions`
