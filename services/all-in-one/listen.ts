/** Makes an HTTP app listen, and says in words what keeps it from that. */
import type { Settings } from '../../schemas/settings.ts'
import { AppError } from '../runtime/errors.ts'

type Listener = { listen(address: { readonly host: string; readonly port: number }): Promise<string> }

/** Resolves with its address. Rejects with PORT_IN_USE or SETTINGS_INVALID. */
export async function listen(
  app: Listener,
  { api_host: host, api_port: port }: Pick<Settings, 'api_host' | 'api_port'>,
): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new AppError(
        'PORT_IN_USE',
        `port ${port} on ${host} is taken; choose another with --port or ROAMWATCH_API_PORT`,
        { cause },
      )
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EACCES') {
      throw new AppError('SETTINGS_INVALID', `cannot listen on ${host}:${port} (${code}); mend api_host or api_port`, {
        cause,
      })
    }
    throw cause
  }
}
