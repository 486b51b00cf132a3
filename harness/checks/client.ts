import { countConnections, type Connections } from '#probes/connections.ts'
import { curl, longestRequest, type Answer, type CurlPod, type Requests } from '#probes/curl.ts'
import { answersOf, chanceToMiss, enoughFor, sample, type Answers } from '#probes/sample.ts'
import { askAlong } from '#probes/background.ts'
import { askOver } from '#probes/ask-over.ts'
import type { Question, Reply } from '#probes/question.ts'
import { trafficOf, type Traffic } from '#probes/traffic.ts'
import { askUntil } from '#kube/until.ts'
import type { Recorder } from './evidence.ts'

/**
 * When a sample is judged: `until` says when the answers look as expected, `count` is the number of requests that are
 * judged, and `within` (milliseconds) is the longest time to wait for `until`.
 */
export type Sampling = {
  until: (answers: Answers) => boolean
  count?: number
  within?: number
  seconds?: number
  /**
   * Continues after a failed request, with smaller batches, since a failed request may last long. Otherwise the first
   * failure ends a batch.
   */
  tolerant?: boolean
  /** A header that every request gets. */
  header?: string
}

/** A pod that sends requests. Each request is a real curl in the pod, on a new connection. */
export type Client = {
  /** For people: `cluster1 app1/sleep`. */
  name: string
  /** Takes the sample that is judged, once the answers look as expected or the time is up. */
  get: (url: string, sampling: Sampling) => Promise<Answers>
  /** Takes a sample at once. */
  getNow: (url: string, requests?: Requests) => Promise<Answers>
  /**
   * Sends twenty requests a second until `stop` is called, also while the API server does not answer. `stop` returns
   * what became of the requests.
   */
  askAlong: (url: string) => Promise<{ stop: () => Promise<Traffic> }>
  /**
   * Asks questions over several protocols, all at the same time, and again until the answers look as expected or the
   * time is up. Each may take `seconds`.
   */
  converse: (questions: Question[], until: (replies: Reply[]) => boolean, seconds?: number) => Promise<Reply[]>
  /** Tries once to open TCP to an address, `host:port`; `connected` says whether it opened. */
  connect: (to: string, seconds?: number) => Promise<Answer>
  /**
   * Opens many TCP connections to a port at the same time. Counts those that opened late, after a lost packet was
   * sent again, and those that did not open.
   */
  connections: (host: string, port: number) => Promise<Connections>
}

/**
 * The limits of a client in one attempt: `patience` (milliseconds) bounds every wait, `versions` is the number of
 * versions that may answer. One request takes at most half of the patience: on a broken mesh many of them wait in vain.
 */
export type ClientLimits = { patience: number; versions: number; signal: AbortSignal }

/** A client in a pod. It records its probes as evidence. */
export const clientOf = (pod: CurlPod, record: Recorder, { patience, versions, signal }: ClientLimits): Client => {
  const name = `${pod.cluster} ${pod.namespace}/${pod.app ?? 'sleep'}`
  const perRequest = Math.min(longestRequest, patience / 2_000)
  // Questions are asked all at once, and some move megabytes.
  const perAnswer = Math.ceil(Math.min(2 * longestRequest, patience / 2_000))
  const recorded = (url: string, answers: Answers, through?: string): Answers => {
    const strange = answers.all.find(({ status }) => status !== 200)
    record.add({
      probe: 'curl',
      from: name,
      url,
      ...(through === undefined ? {} : { through }),
      answers: answers.summary,
      settledAfterSeconds: answers.settled.seconds,
      batches: answers.settled.batches,
      chanceToMissAVersion: chanceToMiss(versions, answers.all.length),
      ...(strange
        ? {
            firstStrange: { status: strange.status, curl: strange.exit, error: strange.error, dialled: strange.remote },
          }
        : {}),
    })
    return answers
  }
  return {
    name,
    get: async (url, { until, count, within, seconds = perRequest, header, tolerant = false }) =>
      recorded(
        url,
        await sample(
          (size) =>
            curl(pod, url, {
              count: size,
              failEarly: !tolerant,
              seconds,
              ...(header === undefined ? {} : { header }),
            }),
          until,
          {
            signal,
            within: Math.min(within ?? patience, patience),
            count: count ?? enoughFor(versions),
            ...(tolerant ? { batch: 8 } : {}),
          },
        ),
      ),
    getNow: async (url, requests) =>
      recorded(url, answersOf(await curl(pod, url, { seconds: perRequest, ...requests })), requests?.through),
    askAlong: async (url) => {
      const background = await askAlong(pod, url, 20)
      return {
        stop: async () => {
          const traffic = trafficOf(await background.stop())
          record.add({ probe: 'traffic', from: name, url, ...traffic })
          return traffic
        },
      }
    },
    converse: async (questions, until, seconds = perAnswer) => {
      const replies = await askUntil(() => askOver(pod, questions, seconds), until, {
        every: 200,
        within: patience,
        signal,
      })
      record.add({
        probe: 'conversation',
        from: name,
        replies: replies.map(({ name: question, text, error }) => ({
          question,
          said: text.length > 400 ? `${text.slice(0, 400)}…` : text,
          ...(error === '' ? {} : { error }),
        })),
      })
      return replies
    },
    connect: async (to, seconds = 2) => {
      const [answer] = await curl(pod, `https://${to}/`, { seconds })
      if (!answer) throw new Error('curl returned no transfer')
      record.add({
        probe: 'connect',
        from: name,
        to,
        connected: answer.connected,
        curl: answer.exit,
        error: answer.error,
        seconds: answer.seconds,
      })
      return answer
    },
    connections: async (host, port) => {
      const counted = await countConnections(pod, host, port)
      const { to, tries, late, failed, said } = counted
      record.add({ probe: 'connections', from: name, to, tries, late, failed, error: said })
      return counted
    },
  }
}
