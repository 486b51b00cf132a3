import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from './site.ts'

/**
 * What goes wrong with the next `times` requests whose path contains `path`. The answer is a `status` with
 * `retry-after` (in seconds), or it is cut in the middle (`half`), or it is spread over `seconds`.
 */
export type Mishap = { path: string; times: number } & (
  { status: number; retryAfter: number } | { half: true } | { seconds: number }
)

/** A server that passes requests on to another server, except those of its mishaps. */
export type UnreliableServer = {
  address: string
  /** Every request, with its time in milliseconds since the epoch. `range` is set where it was for a part of a file. */
  requests: { path: string; range: string | undefined; time: number }[]
  close: () => Promise<void>
}

/** The body of a refusal, as registries write it (OCI distribution specification, “Error Codes”). */
const tooManyRequests = JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'not now' }] })

/** Starts a server with mishaps in front of another server (`host:port`). */
export const startUnreliableServer = async (target: string, mishaps: Mishap[]): Promise<UnreliableServer> => {
  const requests: UnreliableServer['requests'] = []
  const pending = mishaps.map((mishap) => ({ ...mishap }))
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    requests.push({ path, range: request.headers.range, time: Date.now() })
    const mishap = pending.find((candidate) => candidate.times > 0 && path.includes(candidate.path))
    if (mishap) mishap.times -= 1
    if (mishap && 'status' in mishap) {
      response
        .writeHead(mishap.status, { 'retry-after': String(mishap.retryAfter), 'content-type': 'application/json' })
        .end(tooManyRequests)
      return
    }
    const passedOn = send(
      { host: '127.0.0.1', port: target.split(':')[1], path, method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        if (!mishap) answer.pipe(response)
        else void sendWithMishap(answer, response, 'seconds' in mishap ? mishap.seconds : undefined)
      },
    )
    passedOn.on('error', () => response.destroy())
    request.pipe(passedOn)
  })
  return { requests, ...(await listen(server)) }
}

/** Sends an answer in twenty pieces over `seconds`. Without `seconds` it sends half of it and cuts the connection. */
const sendWithMishap = async (
  answer: IncomingMessage,
  response: ServerResponse,
  seconds: number | undefined,
): Promise<void> => {
  const body = Buffer.concat((await answer.toArray()) as Buffer[])
  const piece = Math.ceil(body.length / 20)
  for (let from = 0; from < (seconds === undefined ? body.length / 2 : body.length); from += piece) {
    await new Promise((resolve) => {
      response.write(body.subarray(from, from + piece), resolve)
    })
    await sleep((seconds ?? 0) * 50)
  }
  if (seconds === undefined) response.destroy()
  else response.end()
}
