/** TypeBox's checkers, loaded when one is first needed: at every start of a command they would cost 85 ms of CPU. */
import { createRequire } from 'node:module'
import type * as compile from 'typebox/compile'
import type * as value from 'typebox/value'

const require = createRequire(import.meta.url)

/** `Compile` of typebox/compile. */
export function loadCompile(): typeof compile.Compile {
  return (require('typebox/compile') as typeof compile).Compile
}

/** `Check` of typebox/value. */
export function loadCheck(): typeof value.Check {
  return (require('typebox/value') as typeof value).Check
}
