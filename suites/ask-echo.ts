import { because, expect, type CauseCode, type CheckContext, type Cluster, type Question, type Reply } from '#suite.ts'

/** A question to the echo of a cluster, and what is heard in its answer: a text that can be compared. */
export type Asked = {
  ask: (host: string, peer: string) => Question
  hear: (reply: Reply) => string
  /** What must be heard from a cluster; for a control, from the client’s own. */
  expected: (peer: string) => string
}

/** What several checks have in common. */
export const asked = {
  layer: 'protocol',
  from: 'each',
  needs: ['echo'],
  onDemand: 'it asks Istio’s echo, which other runs do not deploy',
  applies: (_: unknown, upgrade?: unknown) => upgrade === undefined || 'an upgrade deploys no echo',
} as const

/** What a server reports of a request of HTTP. */
export const heardOf = (reply: Reply): string =>
  `${reply.status} ${reply.field('Proto') ?? 'no protocol'} from ${reply.field('Cluster') ?? 'nobody'}`

/** A question, what is heard in its answer, and what must be. */
export type Heard = { question: Question; hear: (reply: Reply) => string; expected: string }

/**
 * Asks the echo of every cluster that the client can reach, its own included, and asks the control of its own. Expects
 * what is heard, for each question by its name.
 */
export const everyEcho = (
  { mesh, from }: CheckContext,
  code: CauseCode,
  questions: Asked[],
  control: Asked,
): Promise<string> => {
  const peers = mesh.reachableFrom(from)
  const all = [
    ...questions.flatMap((question) => peers.map((peer) => ({ ...question, peer }))),
    { ...control, peer: from },
  ]
  return expectHeard(
    from,
    code,
    all.map(({ ask, hear, expected, peer }) => ({
      question: ask(mesh.echoHost(peer), peer.name),
      hear,
      expected: expected(peer.name),
    })),
  )
}

/** Asks questions from a cluster’s client, and expects what must be heard, for each question by its name. */
export const expectHeard = async (from: Cluster, code: CauseCode, all: Heard[]): Promise<string> => {
  const heard = (replies: Reply[]): Record<string, string> =>
    Object.fromEntries(
      all.map(({ question, hear }, index) => {
        const reply = replies[index]
        return [question.name, reply === undefined ? 'nothing' : hear(reply)]
      }),
    )
  const expected = Object.fromEntries(all.map(({ question, expected: text }) => [question.name, text]))
  const asExpected = (replies: Reply[]): boolean => JSON.stringify(heard(replies)) === JSON.stringify(expected)
  const replies = await from.sleep.converse(
    all.map(({ question }) => question),
    asExpected,
  )
  expect(heard(replies), because(code)).toEqual(expected)
  return Object.entries(heard(replies))
    .map(([name, text]) => `${name}: ${text}`)
    .join('; ')
}
