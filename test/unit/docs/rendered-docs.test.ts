import { readFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { expect, test } from 'vitest'
import { RENDERED_DOCS } from '../../support/rendered-docs.ts'

test.for(RENDERED_DOCS)('$path says what the code says (npm run docs writes it)', async ({ path, render }) => {
  const expected = await format(render(), { ...(await resolveConfig(path)), filepath: path })
  expect(readFileSync(path, 'utf8')).toBe(expected)
})
