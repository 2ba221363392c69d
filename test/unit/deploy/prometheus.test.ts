import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { MetricSpec } from '../../../services/runtime/telemetry/metric-spec.ts'
import { METRICS } from '../../../services/runtime/telemetry/metrics.ts'
import { legalName, prometheusName } from '../../../services/runtime/telemetry/prometheus-name.ts'
import { hasPromtool, promtool } from '../../support/promtool.ts'
import { ours, readText, ROOT } from './compose-file.ts'

const RULES = 'deploy/prometheus/roamwatch-alerts.yml'
const CONFIG = 'deploy/prometheus/prometheus.yml'
type Rule = {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}
const rules = (parse(readText(RULES)) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules)
const specs: readonly (readonly [string, MetricSpec])[] = Object.entries(METRICS)
const names = new Map(
  specs.flatMap(([name, spec]) => {
    const base = prometheusName(name, spec)
    const parts = spec.kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
    return parts.map((part) => [base + part, spec] as const)
  }),
)
/** `service`: prometheus.yml sets it. */
const OF_PROMETHEUS = ['instance', 'job', 'le', 'service']

describe('the alerts for Prometheus', () => {
  test.each(rules)('$alert asks for metrics and labels that there are', ({ expr, annotations, labels }) => {
    const asked = [
      ...expr.matchAll(
        /\b(?:roamwatch|http_server|messaging_client|messaging_process|db_client)_[a-z0-9_]+\b(?=[\s{[()]|$)/g,
      ),
    ]
    const found = asked.map(([name]) => name).filter((name) => !isLabel(name))
    for (const name of found) expect([...names.keys()]).toContain(name)
    const known = new Set([
      ...found.flatMap((name) => names.get(name)?.attributes ?? []).map(legalName),
      ...OF_PROMETHEUS,
    ])
    const used = [
      ...`${expr} ${JSON.stringify(annotations)}`.matchAll(/(?:by \(([^)]*)\)|([a-z_]+)=~?"|\$labels\.([a-z_]+))/g),
    ]
    for (const [, list, matched, shown] of used) {
      for (const label of (list ?? matched ?? shown ?? '').split(/,\s*/)) expect([...known]).toContain(label)
    }
    expect(labels['severity']).toMatch(/^(warning|critical)$/)
    expect(Object.keys(annotations)).toEqual(['summary', 'description'])
  })

  test('a service that is gone is looked for under the label and the name that the scrape gives it', () => {
    type Scrape = {
      readonly job_name: string
      readonly dns_sd_configs: readonly { readonly names: readonly string[] }[]
      readonly relabel_configs: readonly { readonly source_labels: readonly string[]; readonly target_label: string }[]
    }
    const [scrape] = (parse(readText(CONFIG)) as { scrape_configs: readonly Scrape[] }).scrape_configs
    expect(scrape?.relabel_configs).toEqual([{ source_labels: ['__meta_dns_name'], target_label: 'service' }])
    const scraped = scrape?.dns_sd_configs.flatMap((one) => one.names) ?? []
    expect(scraped.toSorted()).toEqual(ours.map(([name]) => name).sort())
    const gone = rules.find(({ alert }) => alert === 'RoamwatchGone')?.expr ?? ''
    const watched = [...gone.matchAll(/absent\(up\{job="([^"]*)", service="([^"]*)"\}\)/g)]
    expect(watched.map(([, job]) => job)).toEqual(Array(3).fill(scrape?.job_name))
    const always = ours.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name)
    expect(watched.map(([, , service]) => service)).toEqual(always)
  })

  test('every name is one alert’s', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })

  test.skipIf(!hasPromtool)('pass promtool check rules and check config', () => {
    for (const args of [['rules', RULES] as const, ['config', CONFIG] as const]) {
      const { code, said } = promtool(['check', ...args.map((arg) => arg.replace(/^deploy/, join(ROOT, 'deploy')))])
      expect(code, said).toBe(0)
      expect(said).toContain(`${rules.length} rules found`)
    }
  })

  test.skipIf(!hasPromtool)('fire on what they are for and on nothing else (promtool test rules)', () => {
    const { code, said } = promtool(['test', 'rules', join(import.meta.dirname, 'alerts-fire.yml')])
    expect(code, said).toBe(0)
  })
})

/** A label looks like a metric; it stands in `by (…)` or before `=`. */
function isLabel(name: string): boolean {
  return specs.some(([, { attributes }]) => attributes.some((attribute) => legalName(attribute) === name))
}
