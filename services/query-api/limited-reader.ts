/** A reader that asks the store at most so many questions at a time; more are refused with OVERLOADED, never queued. */
import { AppError } from '../runtime/errors.ts'
import type { EventReader } from '../store/event-store.ts'

export function createLimitedReader(reader: EventReader, maxConcurrentReads: number): EventReader {
  let underWay = 0

  async function limited<T>(ask: () => Promise<T>): Promise<T> {
    if (underWay >= maxConcurrentReads) {
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

  return {
    events: (query) => limited(() => reader.events(query)),
    event: (tenant, eventKey) => limited(() => reader.event(tenant, eventKey)),
    trend: (query) => limited(() => reader.trend(query)),
    ping: () => reader.ping(),
  }
}
