/**
 * A ClickHouse server out of the embedded engine, with configuration files as a real server has them: config.xml with its config.d,
 * users.xml with its users.d. Arguments: the library, config.xml, the data directory. Ends hard when its parent is gone.
 */
import { createRequire } from 'node:module'
import type * as Ffi from 'ffi-rs'

const [libraryPath = '', configFile = '', dataDir = ''] = process.argv.slice(2)
const { open, load, DataType } = createRequire(import.meta.url)('ffi-rs') as typeof Ffi

process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume()
open({ library: 'clickhouse', path: libraryPath })
const query = `SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; SELECT sleepEachRow(0.2) FROM numbers(1000000000)
  SETTINGS max_block_size = 1, max_execution_time = 0, function_sleep_max_microseconds_per_block = 0 FORMAT Null`
const argv = ['clickhouse', `--config-file=${configFile}`, '--path', dataDir, '--multiquery', '--query', query]
await load({
  library: 'clickhouse',
  funcName: 'query_stable_v2',
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
  runInNewThread: true,
})
process.exit(1) // it never ends by itself: what was wrong stands on standard error
