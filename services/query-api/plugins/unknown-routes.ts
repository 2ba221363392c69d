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

  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const allowed = [...routes.values()].find((route) => route.pattern.test(path))?.methods
    if (allowed !== undefined && !allowed.has(request.method)) {
      const allow = [...allowed].sort().join(', ')
      throw new RequestError(405, `${request.method} is not possible here; ${allow} are`, { headers: { allow } })
    }
    const nearest = nearestName(path, [...routes.keys()])
    const hint = nearest === undefined ? '/ lists what there is' : `did you mean ${nearest}?`
    throw new AppError('NOT_FOUND', `there is no ${quote(path)}; ${hint}`)
  })
}

function patternOf(url: string): RegExp {
  const literal = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replace(/:\w+/g, '[^/]+')}$`)
}
