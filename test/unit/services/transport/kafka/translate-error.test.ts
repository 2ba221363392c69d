import kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../../services/runtime/errors.ts'
import {
  brokerFault,
  isNoCoordinator,
  translateError,
} from '../../../../../services/transport/kafka/translate-error.ts'

type Protocol = { readonly type: string; readonly code: number; readonly message: string; readonly retriable: boolean }
const protocol = (type: string): Error => {
  const fault: Protocol = { type, code: 1, message: `words of ${type}`, retriable: true }
  return new kafkajs.KafkaJSProtocolError(fault as unknown as Error)
}

/** Its constructors of these are not in its types. */
const named = (name: string): Error => Object.assign(new Error('x'), { name })

describe('an error of kafkajs', () => {
  it.each<[string, unknown, string, boolean]>([
    [
      'a refused connection',
      new kafkajs.KafkaJSConnectionError('refused', { code: 'ECONNREFUSED' }),
      'BROKER_UNAVAILABLE',
      true,
    ],
    ['a moved coordinator', protocol('NOT_COORDINATOR_FOR_GROUP'), 'BROKER_UNAVAILABLE', true],
    ['a wrong password', named('KafkaJSSASLAuthenticationError'), 'BROKER_REFUSED', false],
    ['a missing right', protocol('TOPIC_AUTHORIZATION_FAILED'), 'BROKER_REFUSED', false],
    ['a policy', protocol('POLICY_VIOLATION'), 'BROKER_REFUSED', false],
    [
      'an untrusted certificate',
      new kafkajs.KafkaJSConnectionError('x', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      'BROKER_REFUSED',
      false,
    ],
    [
      'a name that the certificate lacks',
      new kafkajs.KafkaJSConnectionError('x', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }),
      'BROKER_REFUSED',
      false,
    ],
    ['a missing topic', protocol('UNKNOWN_TOPIC_OR_PARTITION'), 'TOPIC_MISMATCH', false],
    [
      'exhausted retries of a missing right',
      new kafkajs.KafkaJSNumberOfRetriesExceeded(protocol('GROUP_AUTHORIZATION_FAILED'), {
        retryCount: 5,
        retryTime: 1,
      }),
      'BROKER_REFUSED',
      false,
    ],
    [
      'one of several',
      Object.assign(new Error('several'), { errors: [protocol('TOPIC_AUTHORIZATION_FAILED')] }),
      'BROKER_REFUSED',
      false,
    ],
    ['anything else', new Error('what'), 'BROKER_UNAVAILABLE', true],
    ['no error at all', undefined, 'BROKER_UNAVAILABLE', true],
  ])('%s', (_, error, code, retryable) => {
    const translated = translateError(error, 'sending')
    expect(translated).toMatchObject({ code, retryable })
    expect(translated.cause).toBe(error)
    expect(translated.message).toMatch(/ while sending: \S/)
  })

  it('keeps the words of the innermost cause, and what was being done', () => {
    const error = new kafkajs.KafkaJSNumberOfRetriesExceeded(protocol('LEADER_NOT_AVAILABLE'), {
      retryCount: 5,
      retryTime: 1,
    })
    expect(translateError(error, 'sending').message).toBe(
      'Kafka does not answer while sending: words of LEADER_NOT_AVAILABLE',
    )
  })

  it('is left alone when it is ours already', () => {
    const error = new AppError('STOPPING', 'stopping')
    expect(translateError(error, 'sending')).toBe(error)
  })

  it('gives its fault and whether it hides one', () => {
    expect(brokerFault(protocol('MESSAGE_TOO_LARGE'))).toBe('MESSAGE_TOO_LARGE')
    expect(brokerFault(new Error('x'))).toBeUndefined()
    expect(isNoCoordinator(named('KafkaJSGroupCoordinatorNotFound'))).toBe(true)
    expect(isNoCoordinator(protocol('MESSAGE_TOO_LARGE'))).toBe(false)
  })

  it('may go round in a circle', () => {
    const error: { cause?: unknown; message: string } = { message: 'round' }
    error.cause = error
    expect(translateError(error, 'sending').code).toBe('BROKER_UNAVAILABLE')
  })
})
