import { expect, test, vi } from 'vitest'
import { AppError } from '../../../../../services/runtime/errors.ts'
import { type Commit, createBoundedCommit } from '../../../../../services/transport/kafka/bounded-commit.ts'
import { createCommitter } from '../../../../../services/transport/kafka/committer.ts'
import { createPartitionLedger } from '../../../../../services/transport/kafka/partition-ledger.ts'
import { silent } from '../../../../integration/kafka/kafka-parts.ts'

const OFFSETS = [{ topic: 't', partition: 0, offset: 7n }]
const never: Commit = () => new Promise<void>(() => undefined)
const lost = new AppError('BROKER_UNAVAILABLE', 'the connection was lost', { retryable: true })

/** A session of the group with the given way to commit. */
function sessionOf(commit: Commit, deadlineMs = 60_000) {
  const { promise: ended, resolve: end } = Promise.withResolvers<AppError>()
  return { commit: createBoundedCommit({ commit, ended, deadlineMs, endSession: end }), ended, end }
}

test('passes on what the broker answered', async () => {
  const commit = vi.fn<Commit>().mockResolvedValueOnce(undefined).mockRejectedValueOnce(lost)
  const session = sessionOf(commit)
  await session.commit(OFFSETS)
  await expect(session.commit(OFFSETS)).rejects.toBe(lost)
  expect(commit).toHaveBeenNthCalledWith(1, OFFSETS)
})

test('rejects when the session is over while nobody answers', async () => {
  const session = sessionOf(never)
  const committing = session.commit(OFFSETS)
  session.end(lost)
  await expect(committing).rejects.toBe(lost)
})

test('ends the session when nobody answers in time', async () => {
  const session = sessionOf(never, 20)
  await expect(session.commit(OFFSETS)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE', retryable: true })
  expect((await session.ended).message).toContain('did not answer a commit within 20 ms')
})

test('a commit that nobody answered keeps no later session from committing', async () => {
  const ledger = createPartitionLedger()
  const committed = Promise.withResolvers<unknown>()
  const first = sessionOf(never)
  const second = sessionOf((offsets) => {
    committed.resolve(offsets)
    return Promise.resolve()
  })
  let current = first
  const committer = createCommitter({ ledger, log: silent, commit: () => current.commit })
  const store = (offset: bigint) => {
    ledger.assign([{ topic: 't', partition: 0 }])
    ledger.restart({ topic: 't', partition: 0, offset })
    committer.poke()
  }
  store(7n)
  await vi.waitFor(() => expect(ledger.toCommit()).toHaveLength(1))
  current = second
  first.end(lost)
  store(9n)
  expect(await committed.promise).toEqual([{ topic: 't', partition: 0, offset: 9n }])
  await committer.finish(1_000)
})
