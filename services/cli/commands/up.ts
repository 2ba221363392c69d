/** `roamwatch up`: every stage in one process, until it is told to stop. */
import { createAllInOne } from '../../all-in-one/all-in-one.ts'
import { createLogger } from '../../runtime/logging.ts'
import { addSettingOptions, type CliCommand, type SettingFlags, settingsOf } from '../command.ts'

export const up: CliCommand = {
  define(command, { terminal, env, signal }) {
    command
      .option('--sample', 'fill an empty store with a made-up fleet of 200 devices, and go on adding to it')
      .addHelpText('after', EXAMPLE)
    addSettingOptions(command, ['data', 'host', 'port', 'tenant', 'keepAll', 'timeZone', 'logLevel'])
    command.action(async (flags: SettingFlags & { sample?: boolean }) => {
      const settings = settingsOf(flags, env)
      const log = createLogger({ level: settings.log_level, service: 'roamwatch' })
      const allInOne = createAllInOne(settings, { hasSample: flags.sample ?? false, log })
      await allInOne.start()
      await terminal.out(welcome(allInOne.url()))
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      if (!(await allInOne.stop())) process.exit(1) // what is left would keep the process alive
    })
  },
}

const EXAMPLE = `
Example:
  roamwatch up --data /var/lib/roamwatch --port 8080`

function welcome(url: string): string {
  return `Roamwatch answers on ${url}

  what can be asked    ${url}/
  failures by cause    curl -s '${url}/v1/trends?measure=failures&group_by=entry&interval=1d'
  ad-hoc SQL           ./roamwatch query "SELECT entry, count() FROM events GROUP BY ALL"
  your own logs        ./roamwatch import FOLDER
`
}
