/** Reads rules.yaml. Its shape is in rules-file.ts; whether it fits the catalog is checked where the rules are compiled. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Rules } from './rules-file.ts'

/** Trusts the file: tests check it against its schema, and a schema library costs more time at the start than all the rest. */
export function loadRules(folder: string = import.meta.dirname): Rules {
  return parse(readFileSync(join(folder, 'rules.yaml'), 'utf8'), { schema: 'core', version: '1.2' }) as Rules
}
