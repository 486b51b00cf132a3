import { countConnections, type Connections } from '#probes/connections.ts'
import { curl, type Answer, type CurlPod, type Requests } from '#probes/curl.ts'
import { answersOf, chanceToMiss, enoughFor, sample, type Answers } from '#probes/sample.ts'
import { askAlong } from '#probes/background.ts'
import { trafficOf, type Traffic } from '#probes/traffic.ts'
import type { Recorder } from './evidence.ts'

/**
 * What a sample waits for before it is judged, how many requests are judged, and for how long (milliseconds) it may
 * settle.
 */
export type Sampling = {
  until: (answers: Answers) => boolean
  count?: number
  within?: number
  seconds?: number
  /**
   * Goes on after a request that failed, with fewer of them before the sample, since each may last; otherwise the first
   * ends it all.
   */
  tolerant?: boolean
  /** One more header of every request. */
  header?: string
}

/** A pod that asks: every request is a real curl in it, on a new connection. */
export type Client = {
  /** For people: `cluster1 app1/sleep`. */
  name: string
  /** A judged sample, taken once the answers look as expected or the time is up. */
  get: (url: string, sampling: Sampling) => Promise<Answers>
  /** One sample as it is now, without waiting for anything. */
  getNow: (url: string, requests?: Requests) => Promise<Answers>
  /**
   * Asks twenty times a second until it is told to stop, which tells what became of it all; whatever happens to the API
   * server meanwhile.
   */
  askAlong: (url: string) => Promise<{ stop: () => Promise<Traffic> }>
  /** One attempt to open TCP to an address, by `host:port`; `connected` says whether it opened. */
  connect: (to: string, seconds?: number) => Promise<Answer>
  /**
   * Many attempts to open TCP to a port, made at once: how many opened late, after a lost packet was sent again, or not
   * at all.
   */
  connections: (host: string, port: number) => Promise<Connections>
}

/** How clients of one attempt ask: `patience` bounds every wait, in milliseconds; `versions` is how many may answer. */
export type Asking = { patience: number; versions: number; signal: AbortSignal }

/** A client in a pod, its probes recorded as evidence. */
export const clientOf = (pod: CurlPod, record: Recorder, { patience, versions, signal }: Asking): Client => {
  const name = `${pod.cluster} ${pod.namespace}/sleep`
  const told = (url: string, answers: Answers, through?: string): Answers => {
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
    get: async (url, { until, count, within, seconds, header, tolerant = false }) =>
      told(
        url,
        await sample(
          (size) =>
            curl(pod, url, {
              count: size,
              failEarly: !tolerant,
              ...(seconds === undefined ? {} : { seconds }),
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
    getNow: async (url, requests) => told(url, answersOf(await curl(pod, url, requests)), requests?.through),
    askAlong: async (url) => {
      const asking = await askAlong(pod, url, 20)
      return {
        stop: async () => {
          const traffic = trafficOf(await asking.stop())
          record.add({ probe: 'traffic', from: name, url, ...traffic })
          return traffic
        },
      }
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
