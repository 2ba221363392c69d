/** At most so many questions to the store at a time; more are refused with OVERLOADED, never queued. */
import { AppError } from '../runtime/errors.ts'
import type { EventReader } from '../store/event-store.ts'
import type { DeadLetterDesk } from './api.ts'

/** Asks, or rejects with OVERLOADED. */
export type Limit = <T>(ask: () => Promise<T>) => Promise<T>

export function createLimit(maxConcurrent: number): Limit {
  let underWay = 0

  return async function limited(ask) {
    if (underWay >= maxConcurrent) {
      throw new AppError('OVERLOADED', `${underWay} questions are under way, which is as many as may be; ask again`, {
        retryable: true,
      })
    }
    underWay++
    try {
      return await ask()
    } finally {
      underWay--
    }
  }
}

export function limitReader(reader: EventReader, limited: Limit): EventReader {
  return {
    events: (query) => limited(() => reader.events(query)),
    event: (tenant, eventKey) => limited(() => reader.event(tenant, eventKey)),
    trend: (query) => limited(() => reader.trend(query)),
    ping: () => reader.ping(),
  }
}

export function limitDesk(desk: DeadLetterDesk, limited: Limit): DeadLetterDesk {
  return {
    list: (query) => limited(() => desk.list(query)),
    get: (tenant, key) => limited(() => desk.get(tenant, key)),
    replay: (tenant, key, by) => limited(() => desk.replay(tenant, key, by)),
    discard: (tenant, key, why) => limited(() => desk.discard(tenant, key, why)),
  }
}
