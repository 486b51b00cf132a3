import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from './site.ts'

/**
 * What happens to the next `times` requests for paths that hold `at`: refused with a status, cut in the middle, or
 * trickled over `seconds`.
 */
export type Mishap = { at: string; times: number } & (
  { status: number; retryAfter: number } | { half: true } | { seconds: number }
)

/** A server that passes everything on to another one, but for its mishaps. */
export type UnreliableServer = {
  address: string
  /** What was asked for, and when, in milliseconds since the epoch; `range` where it was a part. */
  asked: { path: string; range: string | undefined; at: number }[]
  close: () => Promise<void>
}

/** As registries put it (OCI distribution specification, “Error Codes”). */
const notNow = JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'not now' }] })

/** Puts a server that has mishaps in front of a good one (`host:port`). */
export const unreliable = async (target: string, mishaps: Mishap[]): Promise<UnreliableServer> => {
  const asked: UnreliableServer['asked'] = []
  const left = mishaps.map((mishap) => ({ ...mishap }))
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    asked.push({ path, range: request.headers.range, at: Date.now() })
    const mishap = left.find(({ at, times }) => times > 0 && path.includes(at))
    if (mishap) mishap.times -= 1
    if (mishap && 'status' in mishap) {
      response
        .writeHead(mishap.status, { 'retry-after': String(mishap.retryAfter), 'content-type': 'application/json' })
        .end(notNow)
      return
    }
    const passed = ask(
      { host: '127.0.0.1', port: target.split(':')[1], path, method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        if (!mishap) answer.pipe(response)
        else void passInPart(answer, response, 'seconds' in mishap ? mishap.seconds : undefined)
      },
    )
    passed.on('error', () => response.destroy())
    request.pipe(passed)
  })
  return { asked, ...(await listen(server)) }
}

/** In twenty pieces over so many seconds; or half of it, and then the line is cut. */
const passInPart = async (
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
