/**
 * Looks at a reader's statement before it runs. Rights do nearly all of the fencing, and the embedded engine reads no files for anybody
 * (docs/decisions/0005-embedded-engine.md); this is a second fence: a server's scalar function `file` needs no right and reads `user_files`.
 * It can be called as file(…), handed over by name (arrayMap(file, …)) or stand in APPLY, quoted and escaped at will. So ClickHouse
 * itself writes the statement out plainly, and then the name may stand nowhere.
 */
import { AppError } from '../../runtime/errors.ts'
import { type Client, readerText } from './client.ts'

/** Kinds of statements that read, as EXPLAIN AST names them. */
const READING = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'DescribeQuery',
  'ShowTables',
  'ShowColumns',
  'Explain',
])
/** Functions that reach files, other hosts or the request's own headers, in any case of letters, and the clause that writes a file. */
const FORBIDDEN =
  /\b(file|outfile|catboostEvaluate|getClientHTTPHeader|ai(?:Generate|Classify|Extract|Translate|Embed))\b/i
/** A string or a quoted name, as ClickHouse writes them out; one after the other, so that neither is sought inside the other. */
const QUOTED = /'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"/gs
/** Below ClickHouse's limit for one parameter (128 KiB). */
const MAX_CHARS = 100_000

/**
 * The statement without surrounding space and last semicolon.
 * Throws QUERY_INVALID (no statement, several, a syntax error), QUERY_REFUSED (it does not read, or names what is forbidden), STORE_UNAVAILABLE.
 */
export async function checkStatement(client: Client, sql: string): Promise<string> {
  const statement = sql.trim().replace(/(?:\s*;)+$/, '')
  if (statement === '') throw new AppError('QUERY_INVALID', 'There is no statement to run')
  if (statement.length > MAX_CHARS) throw new AppError('QUERY_INVALID', `A statement may have ${MAX_CHARS} characters`)
  const plain = await readerText(client, 'SELECT formatQuerySingleLine({sql: String}) FORMAT RawBLOB', {
    sql: statement,
  })
  const name = FORBIDDEN.exec(plain.replaceAll(QUOTED, (text) => (text.startsWith("'") ? "''" : text)))?.[0]
  if (name !== undefined) {
    throw new AppError('QUERY_REFUSED', `The name ${name} may not be used: it reaches outside of the database`)
  }
  const tree = await readerText(client, `EXPLAIN AST ${statement}`)
  const root = /^\w+/.exec(tree)?.[0] ?? ''
  if (!READING.has(root)) throw new AppError('QUERY_REFUSED', `Only statements that read may run, not ${root}`)
  return statement
}
