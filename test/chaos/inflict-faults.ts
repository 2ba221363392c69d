/** Carries faults out, several at a time; what concerns the same process or connection waits for its turn. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ManagedService } from './managed-service.ts'
import type { Fault, FaultKind } from './plan-faults.ts'
import type { Rig } from './rig.ts'

export type FaultReport = {
  readonly fault: Fault
  readonly victim: string
  readonly beganAt: Date
  readonly ms: number
}

export type Inflict = (fault: Fault) => Promise<FaultReport>

type Target = { readonly name: string; readonly inflict: () => Promise<void> }

/** Resolves when the fault is over and what it hit may work again. */
export function createInflict(rig: Rig): Inflict {
  const turns = new Map<string, Promise<unknown>>()

  async function inTurn({ name, inflict }: Target): Promise<void> {
    const before = turns.get(name) ?? Promise.resolve()
    const own = before.then(inflict)
    turns.set(
      name,
      own.catch(() => undefined),
    )
    await own
  }

  return async function inflict(fault) {
    const beganAt = new Date()
    const target = targetOf(rig, fault)
    await inTurn(target)
    return { fault, victim: target.name, beganAt, ms: Date.now() - beganAt.getTime() }
  }
}

function targetOf(rig: Rig, { kind, holdMs, victim }: Fault): Target {
  const hold = () => delay(holdMs)
  const processor = rig.processors[victim % rig.processors.length]!
  const targets: Readonly<Record<FaultKind, () => Target>> = {
    process_kill: () => killed(processor, 'SIGKILL', hold),
    process_stop: () => stopped(processor, hold),
    process_terminate: () => killed(processor, 'SIGTERM', hold),
    process_join: () => ({ name: 'one more processor', inflict: () => joinAndLeave(rig, hold) }),
    gateway_kill: () => killed(rig.gateway, 'SIGKILL', hold),
    gateway_stop: () => stopped(rig.gateway, hold),
    tap_kill: () => killed(rig.tap, 'SIGKILL', hold),
    tap_stop: () => stopped(rig.tap, hold),
    broker_kill: () => ({ name: 'broker', inflict: () => killBroker(rig, hold) }),
    broker_stop: () => ({ name: 'broker', inflict: () => between(rig.broker, hold) }),
    engine_kill: () => ({ name: 'engine', inflict: () => killEngine(rig, hold) }),
    engine_stop: () => ({ name: 'engine', inflict: () => between(rig.engine, hold) }),
    kafka_cut: () => once('connections to Kafka', () => rig.kafkaProxy.cut()),
    kafka_stall: () => switched('connections to Kafka', (isOn) => rig.kafkaProxy.setStalled(isOn), hold),
    kafka_refuse: () => switched('connections to Kafka', (isOn) => rig.kafkaProxy.setRefusing(isOn), hold),
    store_cut: () => once('connections to ClickHouse', () => rig.storeProxy.cut()),
    store_stall: () => switched('connections to ClickHouse', (isOn) => rig.storeProxy.setStalled(isOn), hold),
    store_refuse: () => inserts(rig, 'refuse', hold),
    store_lie: () => inserts(rig, 'lie', hold),
    store_half: () => inserts(rig, 'half', hold),
    store_late: () => inserts(rig, 'late', hold),
  }
  return targets[kind]()
}

type Hold = () => Promise<void>

function killed(service: ManagedService, signal: 'SIGKILL' | 'SIGTERM', hold: Hold): Target {
  return {
    name: service.name,
    async inflict() {
      await service.end(signal)
      await hold()
      service.start()
    },
  }
}

function stopped(service: ManagedService, hold: Hold): Target {
  return {
    name: service.name,
    async inflict() {
      service.signal('SIGSTOP')
      await hold()
      service.signal('SIGCONT')
    },
  }
}

async function joinAndLeave(rig: Rig, hold: Hold): Promise<void> {
  const service = rig.services().find(({ name }) => name === VISITOR) ?? (await rig.addProcessor(VISITOR))
  service.start()
  await hold()
  await service.end('SIGTERM')
}

const VISITOR = 'process-visitor'

async function killBroker({ broker }: Rig, hold: Hold): Promise<void> {
  await broker.kill('SIGKILL')
  await hold()
  await broker.restart()
}

async function killEngine({ engine }: Rig, hold: Hold): Promise<void> {
  await engine.kill('SIGKILL')
  await hold()
  await engine.restart()
}

async function between(held: { kill(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> }, hold: Hold): Promise<void> {
  await held.kill('SIGSTOP')
  await hold()
  await held.kill('SIGCONT')
}

function once(name: string, act: () => void): Target {
  return {
    name,
    inflict() {
      act()
      return Promise.resolve()
    },
  }
}

function switched(name: string, set: (isOn: boolean) => void, hold: Hold): Target {
  return {
    name,
    async inflict() {
      set(true)
      await hold()
      set(false)
    },
  }
}

function inserts({ storeProxy }: Rig, mode: 'refuse' | 'lie' | 'half' | 'late', hold: Hold): Target {
  return {
    name: 'inserts',
    async inflict() {
      storeProxy.setInserts(mode)
      await hold()
      storeProxy.setInserts('pass')
    },
  }
}
