/** The store that the settings ask for: a ClickHouse server where a URL is given, else the embedded engine. */
import type { Settings } from '../../schemas/settings.ts'
import { AppError } from '../runtime/errors.ts'
import { readSecret } from '../runtime/settings.ts'
import { createEmbeddedStore, createRemoteStore, type ClickHouseStore } from '../store/clickhouse/clickhouse-store.ts'
import { resolve } from 'node:path'

/** Nothing is started or connected before `open()`. Throws SETTINGS_INVALID for settings that do not go together. */
export function createStore(settings: Settings): ClickHouseStore {
  const database = settings.clickhouse_database
  const cluster = settings.clickhouse_cluster
  if (settings.clickhouse_url === null) {
    if (cluster !== null)
      throw new AppError(
        'SETTINGS_INVALID',
        'clickhouse_cluster needs clickhouse_url: the embedded engine is one server',
      )
    return createEmbeddedStore({ dataDir: resolve(settings.data), database })
  }
  const {
    clickhouse_reader_user: reader,
    clickhouse_reader_password_file: readerFile,
    clickhouse_ca_file: caFile,
  } = settings
  const readerPassword = readerFile === null ? '' : readSecret('clickhouse_reader_password_file', readerFile)
  return createRemoteStore({
    url: settings.clickhouse_url,
    username: settings.clickhouse_user,
    password: settings.clickhouse_password ?? '',
    database,
    ...(caFile === null ? {} : { caFile }),
    ...(cluster === null ? {} : { cluster }),
    ...(reader === null ? {} : { reader: { username: reader, password: readerPassword } }),
  })
}
