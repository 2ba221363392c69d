/** `roamwatch serve`: the query API. */
import { createApiServer } from '../../separate/api-server.ts'
import { addSettingOptions, type CliCommand, type SettingFlags, settingsOf } from '../command.ts'
import { runStage } from '../run-stage.ts'

export const serve: CliCommand = {
  define(command, context) {
    command.addHelpText('after', EXAMPLE)
    addSettingOptions(command, [
      'data',
      'host',
      'port',
      'brokers',
      'healthPort',
      'tenant',
      'keepAll',
      'timeZone',
      'logLevel',
    ])
    command.action((flags: SettingFlags) =>
      runStage(createApiServer, settingsOf(flags, context.env), { ...context, service: 'serve' }),
    )
  },
}

const EXAMPLE = `
Example:
  roamwatch serve --port 8080        with --brokers it takes events too`
