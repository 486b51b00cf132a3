import { findings } from '#diagnosis/findings.ts'
import { answerLine, endingOf } from '#diagnosis/probe-answer.ts'
import { gatewaySelector } from '#istio/gateway.ts'
import { type Asked, type Finding, kubectl, type Layer } from '#diagnosis/layer.ts'

/** Requests cross: from a pod of every cluster to a service of every cluster, each on a new connection. */
export const requests: Layer = {
  name: 'requests',
  look: async (_, probe) => {
    const asked = (await probe?.requests()) ?? []
    return {
      findings: asked.flatMap(problemOf),
      seen: asked.map(seenOf).join(', '),
    }
  },
}

const seenOf = ({ from, to, answered, of, lostBefore }: Asked): string =>
  `${from.name} → ${to.name} ${answered} of ${of}` +
  (lostBefore === undefined ? '' : ` (a round before it lost ${lostBefore})`)

const problemOf = ({ from, to, answered, of, errors, refusal }: Asked): Finding[] => {
  if (answered === of) return []
  const ending = refusal && endingOf(refusal)
  const code = from === to ? ('MP-922' as const) : answered === 0 ? ('MP-921' as const) : ('MP-923' as const)
  return [
    {
      code,
      ...(ending ? { cause: `${findings[code].cause}: ${ending.means}` } : {}),
      where: `${from.name} → ${to.name}`,
      evidence: [`${answered} of ${of} answered`, ...errors.slice(0, 3), ...(refusal ? [answerLine(refusal)] : [])],
      fix: kubectl(from, `-n ${from.istioNamespace} logs -l ${gatewaySelector} --tail=50`),
    },
  ]
}
