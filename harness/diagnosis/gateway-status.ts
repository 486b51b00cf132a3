import { z } from 'zod'
import type { Manifest } from '#kube/client.ts'
import { inOneLine } from '#results/text.ts'

const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  message: z.string().default(''),
})

const Status = z.object({
  conditions: z.array(Condition).default([]),
  listeners: z.array(z.object({ name: z.string(), conditions: z.array(Condition).default([]) })).default([]),
})

/** How much of a condition’s message is shown. */
const shown = 300

const statusOf = (gateway: Manifest): z.infer<typeof Status> =>
  Status.safeParse(gateway['status'] ?? {}).data ?? { conditions: [], listeners: [] }

const inWords = ({ type, status, reason, message }: z.infer<typeof Condition>): string =>
  `${type} is ${status}, ${reason}: ${inOneLine(message).slice(0, shown)}`

/**
 * What its controller says of a Gateway of the Gateway API: why it is refused, that it is accepted, or nothing. The API
 * server writes `Unknown` into a Gateway that is new. Other conditions are `False` where nothing is wrong.
 */
export const saidOfGateway = (gateway: Manifest): { refused?: string; accepted: boolean } => {
  const judged = statusOf(gateway).conditions.filter(({ type }) => ['Accepted', 'Programmed'].includes(type))
  const refused = judged.find(({ status }) => status === 'False')
  return { ...(refused ? { refused: inWords(refused) } : {}), accepted: judged.some(({ status }) => status === 'True') }
}

/** What its controller says is wrong with a listener of a Gateway. Undefined where nothing is, or it says nothing. */
export const refusedListener = (gateway: Manifest, listener: string): string | undefined => {
  const { conditions = [] } = statusOf(gateway).listeners.find(({ name }) => name === listener) ?? {}
  const wrong = conditions.find(
    ({ type, status }) =>
      (['ResolvedRefs', 'Accepted', 'Programmed'].includes(type) && status === 'False') ||
      (type === 'Conflicted' && status === 'True'),
  )
  return wrong && inWords(wrong)
}
