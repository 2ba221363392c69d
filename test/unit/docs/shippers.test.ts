import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadCatalog } from '../../../schemas/catalog/load-catalog.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'shippers.md'), 'utf8')
const configs = [...page.matchAll(/```yaml\n([^]*?)```/g)].map((match) => match[1] ?? '')
const channels = new Set(
  [...loadCatalog().providers.values()].flatMap(({ events }) => [...events.values()].map(({ channel }) => channel)),
)

describe('the shippers page', () => {
  it('has a configuration for each shipper that can fill a topic, and each fills the same one', () => {
    expect(configs).toHaveLength(4)
    for (const config of configs) expect(JSON.stringify(parse(config))).toContain('"windows-events"')
  })

  it('names only channels that the catalog knows, in the list and in the configurations', () => {
    const named = [...page.matchAll(/Microsoft-Windows-[\w -]+\/\w+/g)].map(([name]) => name)
    expect(named.length).toBeGreaterThan(15)
    for (const name of named) expect([...channels], name).toContain(name)
  })
})
