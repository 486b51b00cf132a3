import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createServer as createWebServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { deserted } from '../testing/edge.ts'
import { pull, pulledDigest, registryAnswers, requireRegistries } from './registry.ts'

/** A registry on this machine that answers everything with one status. */
const registry = async (status: number): Promise<string> => {
  const server = createWebServer((_request, response) => { response.writeHead(status).end('an answer') })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(() => { server.closeAllConnections(); server.close() })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A host that takes connections and never says a word. */
const silent = async (): Promise<string> => {
  const sockets: Socket[] = []
  const server = createServer((socket) => { sockets.push(socket.on('error', () => undefined)) })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(() => { sockets.forEach((socket) => socket.destroy()); server.close() })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Puts a `docker` on PATH that prints what the real one would have. */
const fakeDocker = async (script: string): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-docker-'))
  await writeFile(join(folder, 'docker'), `#!/bin/sh\n${script}\n`)
  await chmod(join(folder, 'docker'), 0o755)
  vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`)
  onTestFinished(async () => { vi.unstubAllEnvs(); await rm(folder, { recursive: true }) })
}

test.each([200, 401, 404, 429, 503])('HTTP %i is an answer', async (status) => {
  const host = await registry(status)
  expect(await registryAnswers(host)).toEqual({ host, status })
  await requireRegistries([host])
})

test('a registry that refuses is named, within a second', async () => {
  const [answering, host] = [await registry(401), await deserted()]
  const asked = performance.now()
  await expect(requireRegistries([answering, host])).rejects.toMatchObject({
    code: 'MP-320', exitCode: 2, message: `${host} does not answer: ECONNREFUSED, the connection is refused`,
  })
  expect(performance.now() - asked).toBeLessThan(1_000)
})

test('a name that does not resolve is told as such', async () => {
  await expect(requireRegistries(['registry.invalid'])).rejects.toMatchObject({
    code: 'MP-320', message: expect.stringMatching(/^registry\.invalid does not answer: (ENOTFOUND, the name does not resolve|EAI_AGAIN, no name server answers)$/),
  })
})

test('silent registries are all asked at once: 5 s, however many', async () => {
  const [one, two] = [await silent(), await silent()]
  const asked = performance.now()
  await expect(requireRegistries([one, two, one])).rejects.toMatchObject({ code: 'MP-320', message: `${one} does not answer: timed out; nor do ${two}` })
  expect(performance.now() - asked).toBeLessThan(6_500)
}, 10_000)

test('asking stops when the run is stopped', async () => {
  const stop = AbortSignal.timeout(50)
  await expect(requireRegistries([await silent()], stop)).rejects.toMatchObject({ code: 'MP-130' })
})

const digest = `sha256:${'a'.repeat(64)}`
const image = { name: 'docker.io/istio/pilot:1.30.4', digest }

test('an image is pulled by its digest, for the engine’s architecture', async () => {
  await fakeDocker(`[ "$*" = "pull --quiet --platform linux/arm64 docker.io/istio/pilot@${digest}" ]`)
  await pull(image, 'arm64')
})

test.each([
  ['MP-320', 'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host'],
  ['MP-320', 'Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: request canceled (Client.Timeout exceeded while awaiting headers)'],
  ['MP-323', 'Error response from daemon: manifest for istio/pilot@sha256:aaa not found: manifest unknown'],
  ['MP-201', 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'],
])('a pull that fails is %s: %s', async (code, output) => {
  await fakeDocker(`echo '${output}' >&2; exit 1`)
  await expect(pull(image, 'amd64')).rejects.toMatchObject({ code, message: expect.stringContaining(code === 'MP-320' ? 'docker.io does not answer: asked by the engine' : '') })
})

test.each([
  'Error response from daemon: toomanyrequests: You have reached your pull rate limit.',
  'Error response from daemon: received unexpected HTTP status: 503 Service Unavailable',
  'Error response from daemon: unexpected status code [manifests 1.30.4]: 502 Bad Gateway',
  'Error response from daemon: error parsing HTTP 429 response body: invalid character in literal null: "not now"',
])('a registry that is busy is asked again: %s', async (output) => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-pull-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await fakeDocker(`[ -e '${folder}/asked' ] || { touch '${folder}/asked'; echo '${output}' >&2; exit 1; }`)
  const told: string[] = []
  await pull(image, 'amd64', { tell: (line) => told.push(line) })
  expect(told).toEqual([expect.stringMatching(/^docker\.io: .+, again in 1 s$/), ''])
})

test('credentials are found by docker, where its configuration says', async () => {
  await fakeDocker('[ "$DOCKER_CONFIG" = /where/docker/looks ]')
  vi.stubEnv('DOCKER_CONFIG', '/where/docker/looks')
  await pull(image, 'amd64')
})

test('an image without a pin reports the digest it was pulled by', async () => {
  await fakeDocker(`echo 'mirror.example/istio/pilot@sha256:${'b'.repeat(64)}'; echo 'istio/pilot@${digest}'`)
  expect(await pulledDigest({ name: image.name, digest: undefined })).toBe(digest)
})
