/** Writes the logs of a made-up fleet as its shippers would: a file a shape, in the order of time. */
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { simulateFleet, type FleetOptions } from '../../collectors/simulator/simulate-fleet.ts'

const FILES = { winlogbeat: 'winlogbeat.ndjson', event_xml: 'forwarded.xml', otlp: 'collector.json' } as const

/** Resolves with the number of records written, repeats by a second shipper included. */
export async function writeSampleLogs(folder: string, options: FleetOptions): Promise<number> {
  const streams = Object.fromEntries(
    Object.entries(FILES).map(([shape, name]) => [shape, createWriteStream(join(folder, name))]),
  )
  let written = 0
  for await (const records of simulateFleet(options)) {
    for (const { shape, text } of records) {
      written++
      const stream = streams[shape]
      if (stream?.write(`${text}\n`) === false) await once(stream, 'drain')
    }
  }
  await Promise.all(Object.values(streams).map((stream) => once(stream.end(), 'close')))
  return written
}
