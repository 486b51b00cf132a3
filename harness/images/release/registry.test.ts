import { createServer, type Socket } from 'node:net'
import { createServer as createWebServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { listening, unusedAddress } from '#testing/edge.ts'
import { mirroredIn, registryAnswers, requireRegistries } from './registry.ts'

/** A registry on this machine that answers everything with one status. */
const registry = async (status: number): Promise<string> => {
  const server = createWebServer((_request, response) => {
    response.writeHead(status).end('an answer')
  })
  return `127.0.0.1:${await listening(server)}`
}

/** A host that takes connections and never says a word. `connected` gets each of them. */
const silent = async (connected: (socket: Socket) => void = () => undefined): Promise<string> => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined))
    connected(socket)
  })
  onTestFinished(() => {
    sockets.forEach((socket) => socket.destroy())
  })
  return `127.0.0.1:${await listening(server)}`
}

test.each([200, 401, 404, 429, 503])('HTTP %i is an answer', async (status) => {
  const host = await registry(status)
  expect(await registryAnswers(host)).toEqual({ host, status })
  await requireRegistries([host])
})

test('a registry that refuses is named, without waiting for an answer', async () => {
  const [answering, host] = [await registry(401), await unusedAddress()]
  await expect(requireRegistries([answering, host], undefined, 600_000)).rejects.toMatchObject({
    code: 'MP-320',
    exitCode: 2,
    message: `${host} does not answer: ECONNREFUSED, the connection is refused`,
  })
})

test('a name that does not resolve is reported as such', async () => {
  await expect(requireRegistries(['registry.invalid'])).rejects.toMatchObject({
    code: 'MP-320',
    message: expect.stringMatching(
      /^registry\.invalid does not answer: (ENOTFOUND, the name does not resolve|EAI_AGAIN, no name server answers)$/,
    ),
  })
})

test('silent registries are asked at the same time: however many, it takes as long as for the first', async () => {
  let [open, most] = [0, 0]
  const connected = (socket: Socket): void => {
    most = Math.max(most, ++open)
    socket.on('close', () => {
      open -= 1
    })
  }
  const [first, second] = [await silent(connected), await silent(connected)]
  await expect(requireRegistries([first, second, first], undefined, 700)).rejects.toMatchObject({
    code: 'MP-320',
    message: `${first} does not answer: timed out; nor do ${second}`,
  })
  expect(most).toBe(2)
})

test('asking stops when the run is stopped', async () => {
  const stop = AbortSignal.timeout(50)
  await expect(requireRegistries([await silent()], stop)).rejects.toMatchObject({ code: 'MP-130' })
})

test.each([
  ['docker.io/istio/pilot:1.30.4', 'mirror.example/company/docker.io/istio/pilot:1.30.4'],
  ['mirror.example:5000/pilot:1', 'mirror.example/company/mirror.example_5000/pilot:1'],
  ['meshproof/files:abc', 'mirror.example/company/meshproof/files:abc'],
])('%s is %s in a mirror, with the same digest', (name, there) => {
  expect(mirroredIn('mirror.example/company', { name, digest: 'sha256:a' })).toEqual({
    name: there,
    digest: 'sha256:a',
  })
  expect(mirroredIn(undefined, { name, digest: undefined })).toEqual({ name, digest: undefined })
})
