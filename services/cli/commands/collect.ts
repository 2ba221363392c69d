/** `roamwatch collect SOURCE`: one collector, into Kafka. */
import type { Command } from 'commander'
import { createFileStage } from '../../separate/files.ts'
import { createGateway } from '../../separate/gateway.ts'
import { createTapStage } from '../../separate/tap.ts'
import { addSettingOptions, type CliCommand, type CommandContext, type SettingFlags, settingsOf } from '../command.ts'
import { runStage } from '../run-stage.ts'

export const collect: CliCommand = {
  define(command, context) {
    command.usage('SOURCE [options]').addHelpText('after', EXAMPLE)
    defineHttp(command.command('http').description('take events over HTTP: POST /v1/events'), context)
    defineKafka(command.command('kafka').description('take events from topics that other shippers fill'), context)
    defineFiles(
      command.command('files').description('follow files and folders: new, growing and rotated ones'),
      context,
    )
  },
}

const EXAMPLE = `
Examples:
  roamwatch collect http --brokers kafka:9092 --port 8080
  roamwatch collect kafka --brokers kafka:9092 --topic winlogbeat
  roamwatch collect files --brokers kafka:9092 /var/log/forwarded`

function defineHttp(command: Command, context: CommandContext): void {
  addSettingOptions(command, ['brokers', 'host', 'port', 'healthPort', 'tenant', 'keepAll', 'timeZone', 'logLevel'])
  command.action((flags: SettingFlags) =>
    runStage(createGateway, settingsOf(flags, context.env), { ...context, service: 'gateway' }),
  )
}

function defineKafka(command: Command, context: CommandContext): void {
  command.option('--topic <name...>', "topics to read; ' tenant=NAME' and ' time_zone=ZONE' may stand behind a name")
  addSettingOptions(command, ['brokers', 'healthPort', 'tenant', 'keepAll', 'timeZone', 'logLevel'])
  command.action((flags: SettingFlags & { topic?: string[] }) => {
    const settings = settingsOf(flags, context.env, flags.topic === undefined ? {} : { kafka_tap_topics: flags.topic })
    return runStage(createTapStage, settings, { ...context, service: 'tap' })
  })
}

function defineFiles(command: Command, context: CommandContext): void {
  command
    .argument('[paths...]', 'files and folders of any known format (ROAMWATCH_FILES_PATHS)')
    .option('--positions <file>', 'where to keep how far it got (ROAMWATCH_FILES_POSITION_FILE)')
  addSettingOptions(command, ['brokers', 'data', 'healthPort', 'tenant', 'keepAll', 'timeZone', 'logLevel'])
  command.action((paths: string[], flags: SettingFlags & { positions?: string }) => {
    const own = {
      ...(paths.length === 0 ? {} : { files_paths: paths }),
      ...(flags.positions === undefined ? {} : { files_position_file: flags.positions }),
    }
    return runStage(createFileStage, settingsOf(flags, context.env, own), { ...context, service: 'files' })
  })
}
