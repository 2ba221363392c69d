/** A processor to be killed: takes events, says so, and never gets them stored. Arguments: brokers, topic plan as JSON. */
import type { TopicPlan } from '../../../services/transport/kafka/ensure-topics.ts'
import { sourceOf } from './kafka-parts.ts'

const [brokers = '', plan = '{}'] = process.argv.slice(2)
const source = sourceOf(
  brokers.split(','),
  JSON.parse(plan) as TopicPlan,
  () => {
    console.log('handling')
    return new Promise(() => undefined)
  },
  { sessionTimeoutMs: 1_500 },
)
await source.start()
