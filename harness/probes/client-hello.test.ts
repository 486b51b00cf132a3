import { connect } from 'node:net'
import { createServer } from 'node:tls'
import { expect, test } from 'vitest'
import { cacertsFor, createRoot } from '#lab/certificate-authority.ts'
import { listening } from '#testing/edge.ts'
import { answerTo, clientHello } from './client-hello.ts'

/** What a server of TLS hears in a greeting, and how its answer begins. */
const answered = async (serverName: string, protocols: string[]): Promise<{ heard: unknown; answer: string }> => {
  const texts = (await cacertsFor(await createRoot(), { name: 'cluster1', istioNamespace: 'istio-system' }))[
    'stringData'
  ] as Record<string, string>
  const heard = Promise.withResolvers<unknown>()
  const server = createServer({
    key: texts['ca-key.pem'],
    cert: texts['ca-cert.pem'],
    ALPNCallback: (asked) => {
      heard.resolve(asked)
      return asked.protocols[0]
    },
  })
  const port = await listening(server)
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', reject)
    socket.once('data', (bytes: Buffer) => {
      socket.destroy()
      resolve(answerTo(bytes.toString()))
    })
    socket.write(clientHello(serverName, protocols))
  })
  return { heard: await heard.promise, answer }
}

test('a server of TLS understands the greeting, by its server name and protocols', async () => {
  const serverName = 'outbound_.5000_._.helloworld.app1.svc.cluster.local'
  expect(await answered(serverName, ['istio-peer-exchange', 'istio'])).toEqual({
    heard: { servername: serverName, protocols: ['istio-peer-exchange', 'istio'] },
    answer: 'handshake',
  })
})

test.each([
  ['', 'nothing'],
  ['\u0016\u0003\u0003\u0000z', 'handshake'],
  ['\u0015\u0003\u0001\u0000\u0002', 'alert'],
  ['HTTP/1.1 400 Bad Request', 'other'],
])('an answer that begins with %j is %s', (bytes, meaning) => {
  expect(answerTo(bytes)).toBe(meaning)
})
