/** `roamwatch up`: every stage in one process, until it is told to stop. */
import { createAllInOne } from '../../all-in-one/all-in-one.ts'
import { createLogger } from '../../runtime/logging.ts'
import { addSettingOptions, type CliCommand, type SettingFlags, settingsOf } from '../command.ts'
import { startTelemetry } from '../telemetry/start-telemetry.ts'

export const up: CliCommand = {
  define(command, { terminal, env, signal }) {
    command
      .option('--sample', 'fill an empty store with a made-up fleet of 200 devices, and go on adding to it')
      .option('--kafka', 'put the Kafka brokers of the settings between collecting and storing')
      .addHelpText('after', EXAMPLE)
    addSettingOptions(command, ['data', 'host', 'port', 'brokers', 'tenant', 'keepAll', 'timeZone', 'logLevel'])
    command.action(async (flags: SettingFlags & { sample?: boolean; kafka?: boolean }) => {
      const settings = settingsOf(flags, env)
      const log = createLogger({ level: settings.log_level, service: 'roamwatch' })
      if (signal.aborted) return
      const telemetry = await startTelemetry(settings, { service: 'roamwatch', env, log })
      const ending = Promise.withResolvers<Error | undefined>()
      const allInOne = createAllInOne(settings, {
        hasSample: flags.sample ?? false,
        isOverKafka: flags.kafka ?? false,
        log,
        metrics: telemetry.metrics,
        onFault: (error) => ending.resolve(error instanceof Error ? error : new Error(String(error))),
      })
      const stop = () => {
        ending.resolve(undefined)
        void allInOne.stop() // also while it starts, for that may wait for a broker
      }
      if (signal.aborted) return
      signal.addEventListener('abort', stop, { once: true })
      await allInOne.start().catch(async (error: unknown) => {
        if (signal.aborted) return
        await telemetry.stop()
        throw error
      })
      if (!signal.aborted) await terminal.out(welcome(allInOne.url()))
      const fault = await ending.promise
      const isClean = await allInOne.stop()
      await telemetry.stop()
      if (fault !== undefined) throw fault
      if (!isClean || flags.kafka === true) process.exit(isClean ? 0 : 1) // what is left would keep the process alive
    })
  },
}

const EXAMPLE = `
Examples:
  roamwatch up --data /var/lib/roamwatch --port 8080
  roamwatch up --kafka --brokers kafka:9092`

function welcome(url: string): string {
  return `Roamwatch answers on ${url}

  what can be asked    ${url}/
  failures by cause    curl -s '${url}/v1/trends?measure=failures&group_by=entry&interval=1d'
  ad-hoc SQL           ./roamwatch query "SELECT entry, count() FROM events GROUP BY ALL"
  your own logs        ./roamwatch import FOLDER
`
}
