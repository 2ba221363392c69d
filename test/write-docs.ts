/** `npm run docs`: writes the documents that follow from the code. */
import { writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { RENDERED_DOCS } from './support/rendered-docs.ts'

for (const { path, render } of RENDERED_DOCS) {
  writeFileSync(path, await format(render(), { ...(await resolveConfig(path)), filepath: path }))
  console.log(path)
}
