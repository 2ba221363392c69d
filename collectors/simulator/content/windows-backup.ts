/** Events of Windows Backup's orchestrator (Windows 11 23H2 and later). */
import type { Random } from '../random.ts'
import { type Content, contentOf, signed } from './content.ts'

const orchestrator = contentOf({
  provider: 'Microsoft-Windows-UserSettingsBackup-Orchestrator',
  guid: '{47ae8351-b61a-51d1-0ad0-9d870c38f53a}',
  channel: 'Microsoft-Windows-UserSettingsBackup-Orchestrator/Operational',
  keywords: '0x8000000000000000',
})
const MANIFESTS = [
  'windows.settings.personalization',
  'windows.settings.language',
  'windows.settings.accessibility',
  'windows.apps.list',
] as const

/** A backup run in which every unit came through (5 each, then 9 and 10). */
export function backupDone(): readonly Content[] {
  const units = MANIFESTS.map((manifest) => orchestrator(5, 4, unitData('Backup', manifest)))
  return [...units, orchestrator(9, 4, [['UnitCount', String(units.length)]]), overall('Success')]
}

/** A backup run in which one unit failed (6). */
export function backupFailed(code: number, random: Random): readonly Content[] {
  const failed = random.pick(MANIFESTS)
  const units = MANIFESTS.map((manifest) =>
    manifest === failed
      ? orchestrator(6, 2, [...unitData('Backup', manifest), ['ErrorCode', signed(code)]])
      : orchestrator(5, 4, unitData('Backup', manifest)),
  )
  return [...units, orchestrator(9, 4, [['UnitCount', String(units.length)]]), overall('PartialSuccess')]
}

function unitData(context: string, manifest: string): readonly (readonly [string, string])[] {
  return [
    ['Context', context],
    ['ManifestId', manifest],
    ['Scope', 'User'],
  ]
}

function overall(result: string): Content {
  return orchestrator(10, 4, [['OverallResult', result]])
}
