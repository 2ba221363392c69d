/** The static checks of `npm run check`: each a name and the command that must end with 0. */
export const CHECKS: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'types (tsc)', command: ['tsc', '--noEmit'] },
  { name: 'lint (eslint)', command: ['eslint', '.', '--max-warnings', '0'] },
  { name: 'format (prettier)', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  {
    name: 'import rules (dependency-cruiser)',
    command: ['depcruise', '--config', '.dependency-cruiser.cjs', 'schemas', 'collectors', 'services', 'test'],
  },
  { name: 'dead code (knip)', command: ['knip'] },
]
