import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { environmentWithoutSettings, runCommand } from '../support/roamwatch-command.ts'
import { sharedPath } from '../support/shared-samples.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()
const EVENT =
  "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-AAD'/>" +
  "<EventID>1098</EventID><Version>0</Version><Level>2</Level><Keywords>0x4000000000000012</Keywords><TimeCreated SystemTime='2024-11-15T15:02:03.6949840Z'/>" +
  '<EventRecordID>9</EventRecordID><Channel>Microsoft-Windows-AAD/Operational</Channel><Computer>PC7.contoso.example</Computer></System>' +
  "<EventData><Data Name='Error'>3399811100</Data><Data Name='AdditionalInformation'>Error: -2146959355 (0x80080005)</Data></EventData></Event>"

function verdicts(stdout: string): ClassifiedEvent[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ClassifiedEvent)
}

describe('roamwatch', () => {
  test('without arguments shows its commands', async () => {
    const { code, stdout } = await runCommand([])
    expect(code).toBe(0)
    for (const name of ['up', 'import', 'collect', 'process', 'serve', 'query', 'doctor'])
      expect(stdout).toContain(name)
  })

  test.for(['up', 'import', 'classify', 'explain', 'query', 'doctor', 'collect', 'process', 'serve'])(
    '%s --help has an example',
    async (name) => {
      const { code, stdout } = await runCommand([name, '--help'])
      expect(code).toBe(0)
      expect(stdout).toMatch(/Examples?:\n +(.*\| )?roamwatch /)
    },
  )

  test.for([
    [['clasify'], 'unknown command "clasify"; did you mean classify?'],
    [['classify', '--jsn'], "unknown option '--jsn'"],
    [['import'], "missing required argument 'paths'"],
    [['query', '--format', 'xml', 'SELECT 1'], '--format must be one of table, json, ndjson, csv, parquet, not "xml"'],
    [['explain', 'nonsense'], '"nonsense" is no error code or catalog entry'],
    [['up', '--port', '99999'], 'ROAMWATCH_API_PORT (api_port) must be a whole number from 0 to 65535, not 99999'],
    [['classify', '/nowhere'], 'nothing was readable; /nowhere:'],
  ] as const)('%j ends with 2 and one line that says why', async ([args, words]) => {
    const { code, stdout, stderr } = await runCommand(args)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^roamwatch: /)
    expect(stderr).toContain(words)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  test('refuses an unknown setting of the environment and names the one that was meant', async () => {
    const { code, stderr } = await runCommand(['classify', '-'], { env: { ROAMWATCH_TENNANT: 'x' }, stdin: EVENT })
    expect([code, stderr]).toEqual([
      2,
      'roamwatch: unknown setting ROAMWATCH_TENNANT; did you mean ROAMWATCH_TENANT?\n',
    ])
  })
})

describe('roamwatch classify', () => {
  test('gives one verdict a line from standard input, with every code', async () => {
    const { code, stdout, stderr } = await runCommand(['classify', '-'], { stdin: EVENT })
    expect([code, stderr]).toEqual([0, ''])
    const [verdict, ...others] = verdicts(stdout)
    expect(others).toEqual([])
    expect(verdict).toMatchObject({
      computer: 'pc7.contoso.example',
      device: 'pc7',
      code: '0xCAA5001C',
      codes: ['0xCAA5001C', '0x80080005'],
      entry: 'known-1098-0xcaa5001c',
      scope: 'identity',
      outcome: 'failure',
      occurred_at: '2024-11-15T15:02:03.6949840Z',
    })
  })

  test('reads folders, says what it cannot read, and goes on', async () => {
    const logs = join(folder, 'logs')
    mkdirSync(join(logs, 'deep'), { recursive: true })
    writeFileSync(join(logs, 'a.xml'), EVENT)
    writeFileSync(join(logs, 'deep', 'b.xml'), `${EVENT}<Event><System>${EVENT.replaceAll('PC7', 'PC8')}`)
    writeFileSync(join(logs, 'empty.json'), '')
    writeFileSync(join(logs, 'photo.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0x10]))
    const { code, stdout, stderr } = await runCommand(['classify', logs])
    expect(code).toBe(0)
    expect(
      verdicts(stdout)
        .map(({ device }) => device)
        .sort(),
    ).toEqual(['pc7', 'pc7', 'pc8'])
    expect(stderr).toMatch(/empty\.json: empty/)
    expect(stderr).toMatch(/photo\.jpg: no known format/)
    expect(stderr).toMatch(/b\.xml@\d+: truncated/)
  })

  test('stops quietly when its reader leaves', () => {
    const many = join(folder, 'many.xml')
    writeFileSync(many, Array.from({ length: 20_000 }, (_, id) => EVENT.replace('>9<', `>${id}<`)).join('\n'))
    const shell = `"${process.execPath}" services/cli/main.ts classify "${many}" | head -n 1`
    const { stdout, stderr, status } = spawnSync('bash', ['-o', 'pipefail', '-c', shell], {
      encoding: 'utf8',
      env: environmentWithoutSettings(),
    })
    expect(verdicts(stdout)).toHaveLength(1)
    expect([status, stderr]).toEqual([0, ''])
  })

  const sample = sharedPath('samples', 'settingsync-debug.xml')
  test.skipIf(sample === undefined)(
    'reads the shared trace lines: every HRESULT is the code, none is of another scope',
    async () => {
      const { code, stdout } = await runCommand(['classify', sample ?? ''])
      expect(code).toBe(0)
      const rows = verdicts(stdout)
      expect(rows).toHaveLength(174)
      for (const { code: found, scope, data } of rows) {
        const carried =
          /tid\([0-9a-f]+\) ([0-9A-F]{8}) /.exec(data['Message'] ?? '')?.[1] ??
          /0x([0-9a-f]{8})/.exec(data['Message'] ?? '')?.[1]
        expect(found).toBe(`0x${carried?.toUpperCase() ?? 'none'}`)
        expect(scope).toBe('roaming')
      }
    },
  )
})

describe('roamwatch explain', () => {
  test.for([
    ['0xCAA5001C', '0xCAA5001C', 'known-1098-0xcaa5001c'],
    ['-895156196', '0xCAA5001C', 'known-1098-0xcaa5001c'],
    ['3399811100', '0xCAA5001C', 'known-1098-0xcaa5001c'],
    ['80070533', '0x80070533', 'known-6065-credentials-expired'],
    ['AADSTS50076', 'AADSTS50076', 'issue-mfa-required-password-signin'],
    ['known-1098-0xcaa5001c', 'known-1098-0xcaa5001c', 'Next'],
  ] as const)('%s is right, short, and names the next step and its source', async ([query, first, contains]) => {
    const { code, stdout } = await runCommand(['explain', query])
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]?.startsWith(first)).toBe(true)
    expect(stdout).toContain(contains)
    expect(stdout).toMatch(/\n {2}Next +1\. /)
    expect(stdout).toMatch(/\n {2}Source +\S+: /)
    expect(lines.length).toBeLessThan(45)
  })

  test('explains an unknown code by its family and never guesses a cause', async () => {
    const { code, stdout } = await runCommand(['explain', '0xCAA8FFFF', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ code: { code: '0xCAA8FFFF', known: false, symbol: null }, entries: [] })
  })
})
