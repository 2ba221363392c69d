/** The spans that follow from one, as a tree: children, and what only a link leads to (the batches that a sender's records were in). */
import type { ReceivedSpan } from './otlp-receiver.ts'

export type TraceNode = {
  readonly span: ReceivedSpan
  /** child: part of the same trace; link: a batch of several senders, in a trace of its own. */
  readonly by: 'child' | 'link'
  readonly children: readonly TraceNode[]
}

/** In the order in which they began. Every span is in it once. */
export function treeOf(spans: readonly ReceivedSpan[], root: ReceivedSpan): TraceNode {
  const seen = new Set<string>([root.spanId])
  const grow = (span: ReceivedSpan, by: TraceNode['by']): TraceNode => {
    const followers = spans.filter((other) => !seen.has(other.spanId) && relation(other, span) !== undefined)
    for (const { spanId } of followers) seen.add(spanId)
    const children = followers
      .sort((a, b) => Number(a.start - b.start))
      .map((one) => grow(one, relation(one, span) ?? 'child'))
    return { span, by, children }
  }
  return grow(root, 'child')
}

function relation(span: ReceivedSpan, to: ReceivedSpan): TraceNode['by'] | undefined {
  if (span.parentSpanId === to.spanId) return 'child'
  return span.parentSpanId === undefined && span.links.some(({ spanId }) => spanId === to.spanId) ? 'link' : undefined
}

export function flatten(node: TraceNode): ReceivedSpan[] {
  return [node.span, ...node.children.flatMap(flatten)]
}

const SHOWN = {
  'http.response.status_code': 'status',
  'messaging.batch.message_count': 'messages',
  'db.operation.batch.size': 'rows',
  'error.type': 'error',
} as const

/** One line a span: when it began after the first, how long it took, whose it is. */
export function printTree(root: TraceNode): string {
  const lines: string[] = [`trace ${root.span.traceId}`]
  const print = (node: TraceNode, indent: string, isLast: boolean): void => {
    const { span } = node
    const at = ms(span.start - root.span.start).padStart(8)
    const branch = node === root ? '' : `${indent}${isLast ? '└─' : '├─'} `
    const mark = node.by === 'link' ? '(link) ' : ''
    const extra = Object.entries(SHOWN).flatMap(([key, word]) => {
      const value = span.attributes[key]
      return value === undefined ? [] : [`${word}=${value}`]
    })
    const about = [span.service, `${ms(span.end - span.start)} ms`, ...extra].join(', ')
    lines.push(`${at} ms  ${branch}${mark}${span.name}  [${about}]`)
    const inner = node === root ? '' : `${indent}${isLast ? '   ' : '│  '}`
    node.children.forEach((child, index) => print(child, inner, index === node.children.length - 1))
  }
  print(root, '', true)
  return lines.join('\n')
}

const ms = (nanoseconds: bigint) => (Number(nanoseconds) / 1e6).toFixed(1)
