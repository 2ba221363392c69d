/** Two real servers with the files of deploy/clickhouse/cluster/ as two shards, and a store on each, which has made its tables. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ClickHouseStore, createRemoteStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { temporaryDirectory } from '../../support/clickhouse.ts'
import { freePorts } from '../../support/kafka-broker/free-ports.ts'
import { startKeeperStandIn } from './keeper-stand-in.ts'
import { type DeployedServer, makeSecrets, ROOT, startServer } from './server.ts'

export const CLUSTER = { database: 'roamwatch', cluster: 'roamwatch' }
export const SHARD_PASSWORD = 'between-shards'

export type TwoShards = {
  readonly servers: readonly DeployedServer[]
  /** On the first server and on the second. */
  readonly stores: readonly ClickHouseStore[]
  /** Ends all of it, servers that were stopped already too. */
  readonly stop: () => Promise<void>
}

export async function startTwoShards(): Promise<TwoShards> {
  const secrets = temporaryDirectory()
  makeSecrets(secrets.path)
  process.env['ROAMWATCH_SHARD_PASSWORD'] = SHARD_PASSWORD
  process.env['ROAMWATCH_SHARD_PASSWORD_SHA256'] = createHash('sha256').update(SHARD_PASSWORD).digest('hex')
  const [http1, tcp1, http2, tcp2] = await freePorts()
  const ports = [
    { httpPort: http1, tcpPort: tcp1 },
    { httpPort: http2, tcpPort: tcp2 },
  ]
  const files = {
    'config.d': ['cluster/config.d/roamwatch_macros.xml'],
    'users.d': ['cluster/users.d/roamwatch_cluster.xml'],
  }
  const servers = await Promise.all(
    ports.map((own, index) => {
      const overrides = { 'roamwatch_cluster.xml': onLoopback(index + 1, [tcp1, tcp2]) }
      return startServer({ ...own, secrets: secrets.path, files, overrides })
    }),
  )
  const all = servers.map(({ url }) => url)
  const standIns = await Promise.all(all.map((url) => startKeeperStandIn(url, all)))
  const stores = servers.map(({ writerPassword, readerPassword }, index) =>
    createRemoteStore({
      url: standIns[index]!.url,
      cluster: CLUSTER.cluster,
      username: 'roamwatch_writer',
      password: writerPassword,
      reader: { username: 'analyst', password: readerPassword },
    }),
  )
  await Promise.all(stores.map((store) => store.open()))
  const stop = async () => {
    await Promise.all(stores.map((store) => store.close()))
    await Promise.all(standIns.map((standIn) => standIn.stop()))
    await Promise.all(servers.map((server) => server.stop()))
    secrets.remove()
  }
  return { servers, stores, stop }
}

/** The cluster file of deploy/, with the machine's ports in place of four servers, one replica a shard, and no keepers. */
function onLoopback(shard: number, tcpPorts: readonly number[]): string {
  const text = readFileSync(join(ROOT, 'deploy/clickhouse/cluster/config.d/roamwatch_cluster.xml'), 'utf8')
  let replicas = 0
  return text
    .replace(/<zookeeper>[\s\S]*?<\/zookeeper>/, '')
    .replace(/<interserver_http_port>.*/, '')
    .replaceAll(
      /<replica>\s*<host>clickhouse-(\d)-(\d)<\/host>\s*<port>9000<\/port>[\s\S]*?<\/replica>/g,
      (found, s: string, r: string) => {
        replicas++
        if (r !== '1') return ''
        return found
          .replace(/<host>.*<\/host>/, '<host>127.0.0.1</host>')
          .replace('9000', String(tcpPorts[Number(s) - 1]))
      },
    )
    .replace(
      '</clickhouse>',
      `<macros replace="replace"><shard>${shard}</shard><replica>1</replica></macros></clickhouse>`,
    )
    .concat(replicas === 4 ? '' : 'the cluster file has changed')
}
