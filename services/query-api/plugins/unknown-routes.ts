/** 404 with the nearest route, and 405 with Allow where the address exists but not with this method. */
import { AppError } from '../../runtime/errors.ts'
import { nearestName } from '../../runtime/nearest-name.ts'
import type { Api } from '../api.ts'
import { quote, RequestError } from '../request-error.ts'

/** Call before any route is added. */
export function useUnknownRoutes(app: Api): void {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()

  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() }
    for (const name of [method].flat()) route.methods.add(name.toUpperCase())
    routes.set(url, route)
  })

  // Before the body is read: it is of no interest, whatever it is.
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.is404) throw refusal(request.method, request.url.split('?', 1)[0] ?? '')
    done()
  })

  function refusal(method: string, path: string): AppError {
    const allowed = [...routes.values()].find(({ pattern }) => pattern.test(path))?.methods
    if (allowed !== undefined && !allowed.has(method)) {
      const allow = [...allowed].sort().join(', ')
      return new RequestError(405, `${method} is not possible here; possible: ${allow}`, { headers: { allow } })
    }
    const nearest = nearestName(path, [...routes.keys()])
    const hint = nearest === undefined ? '/ lists what there is' : `did you mean ${nearest}?`
    return new AppError('NOT_FOUND', `there is no ${quote(path)}; ${hint}`)
  }
}

function patternOf(url: string): RegExp {
  const literal = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replace(/:\w+/g, '[^/]+')}$`)
}
