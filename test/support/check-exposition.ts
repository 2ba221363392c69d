/**
 * Holds a page of metrics to the rules of Prometheus' text format 0.0.4, without Prometheus: syntax, one block a family with its
 * head before its samples, no series twice, histograms that add up, and the naming rules that `promtool check metrics` has.
 */
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const HELP = new RegExp(`^# HELP (${NAME}) (.+)$`)
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`)
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`)
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y
const UNITS_ABBREVIATED = /(^|_)(s|ms|us|ns|sec|b|kb|mb|gb|bytes_total_bytes)$/

export type Sample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}
type Family = { readonly name: string; type: string; readonly samples: Sample[] }

/** The faults of a page, each with its line; empty when it is right. */
export function checkExposition(page: string): string[] {
  const faults: string[] = []
  if (!page.endsWith('\n')) faults.push('the last line does not end')
  const families = new Map<string, Family>()
  const series = new Set<string>()
  let current: Family | undefined
  page
    .replace(/\n$/, '')
    .split('\n')
    .forEach((line, index) => {
      const say = (fault: string) => faults.push(`line ${index + 1}: ${fault}: ${line.slice(0, 120)}`)
      const help = HELP.exec(line)?.[1]
      const type = TYPE.exec(line)
      if (help !== undefined) {
        if (families.has(help)) say('a second block of the family')
        current = { name: help, type: '', samples: [] }
        families.set(help, current)
      } else if (type !== null) {
        if (current?.name !== type[1] || current?.type !== '') say('TYPE does not follow the HELP of its family')
        else current.type = type[2] ?? ''
      } else {
        const sample = readSample(line)
        if (sample === undefined) return void say('no sample')
        if (current === undefined || current.type === '' || !isOf(sample.name, current))
          return void say('not in its family')
        const id = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
        if (series.has(id)) say('a series twice')
        series.add(id)
        if (!Number.isFinite(sample.value)) say('no finite value')
        current.samples.push(sample)
      }
    })
  return [...faults, ...[...families.values()].flatMap(checkFamily)]
}

/** All samples of a page that is right. */
export function readSamples(page: string): Sample[] {
  return page.split('\n').flatMap((line) => (line.startsWith('#') || line === '' ? [] : [readSample(line) as Sample]))
}

function readSample(line: string): Sample | undefined {
  const [, name, labelText = '', valueText = ''] = SAMPLE.exec(line) ?? []
  if (name === undefined) return undefined
  const labels: Record<string, string> = {}
  for (LABEL.lastIndex = 0; LABEL.lastIndex < labelText.length;) {
    const match = LABEL.exec(labelText)
    if (match?.[1] === undefined || Object.hasOwn(labels, match[1])) return undefined
    labels[match[1]] = match[2] ?? ''
  }
  const value = valueText === '+Inf' ? Infinity : Number(valueText)
  return Number.isNaN(value) ? undefined : { name, labels, value }
}

function isOf(name: string, { name: family, type }: Family): boolean {
  return type === 'histogram'
    ? [`${family}_bucket`, `${family}_sum`, `${family}_count`].includes(name)
    : name === family
}

function checkFamily({ name, type, samples }: Family): string[] {
  const faults: string[] = []
  if (samples.length === 0) faults.push(`${name} has no sample`)
  if ((type === 'counter') !== name.endsWith('_total')) faults.push(`${name}: counters, and only they, end in _total`)
  if (UNITS_ABBREVIATED.test(name.replace(/_total$/, ''))) faults.push(`${name}: the unit is not a word`)
  if (/_(counter|gauge|histogram|summary)(_|$)/.test(name)) faults.push(`${name} names its type`)
  if (type === 'counter' && samples.some(({ value }) => value < 0)) faults.push(`${name}: a counter below 0`)
  return type === 'histogram' ? [...faults, ...checkHistogram(name, samples)] : faults
}

function checkHistogram(name: string, samples: readonly Sample[]): string[] {
  const groups = new Map<string, Sample[]>()
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels
    const key = JSON.stringify(Object.entries(labels).sort())
    groups.set(key, [...(groups.get(key) ?? []), sample])
  }
  return [...groups.values()].flatMap((group) => {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le'])))
    const count = group.find((sample) => sample.name === `${name}_count`)?.value
    const isRising = (values: readonly number[], isStrict: boolean) =>
      values.every((value, at) => at === 0 || value > values[at - 1]! || (!isStrict && value === values[at - 1]))
    const faults: string[] = []
    if (!isRising(bounds, true) || bounds.at(-1) !== Infinity) faults.push(`${name}: bounds do not rise to +Inf`)
    if (
      !isRising(
        buckets.map(({ value }) => value),
        false,
      )
    )
      faults.push(`${name}: buckets fall`)
    if (count === undefined || buckets.at(-1)?.value !== count) faults.push(`${name}: the last bucket is not the count`)
    if (!group.some((sample) => sample.name === `${name}_sum`)) faults.push(`${name}: no sum`)
    return faults
  })
}
