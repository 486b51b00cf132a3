import { expect, test } from 'vitest'
import { fakeProgram, scratchFolder, setVariable } from '#testing/edge.ts'
import { pull, pulledDigest, push } from './transfer.ts'

const digest = `sha256:${'a'.repeat(64)}`
const image = { name: 'docker.io/istio/pilot:1.30.4', digest }

test('an image is pulled by its digest, for the engine’s architecture', async () => {
  await fakeProgram('docker', `[ "$*" = "pull --quiet --platform linux/arm64 docker.io/istio/pilot@${digest}" ]`)
  await pull(image, 'arm64')
})

test.each([
  [
    'MP-320',
    'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: ' +
      'no such host',
  ],
  [
    'MP-320',
    'Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: request canceled ' +
      '(Client.Timeout exceeded while awaiting headers)',
  ],
  ['MP-323', 'Error response from daemon: manifest for istio/pilot@sha256:aaa not found: manifest unknown'],
  ['MP-201', 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'],
])('a pull that fails is %s: %s', async (code, output) => {
  await fakeProgram('docker', `echo '${output}' >&2; exit 1`)
  await expect(pull(image, 'amd64')).rejects.toMatchObject({
    code,
    message: expect.stringContaining(code === 'MP-320' ? 'docker.io does not answer: asked by the engine' : ''),
  })
})

test.each([
  'Error response from daemon: toomanyrequests: You have reached your pull rate limit.',
  'Error response from daemon: received unexpected HTTP status: 503 Service Unavailable',
  'Error response from daemon: unexpected status code [manifests 1.30.4]: 502 Bad Gateway',
  'Error response from daemon: error parsing HTTP 429 response body: invalid character in literal null: "not now"',
])('a registry that is busy is asked again: %s', async (output) => {
  const folder = await scratchFolder()
  await fakeProgram('docker', `[ -e '${folder}/asked' ] || { touch '${folder}/asked'; echo '${output}' >&2; exit 1; }`)
  const told: string[] = []
  await pull(image, 'amd64', { tell: (line) => told.push(line) })
  expect(told).toEqual([expect.stringMatching(/^docker\.io: .+, again in 1 s$/), ''])
})

test('credentials are found by docker, where its configuration says', async () => {
  await fakeProgram('docker', '[ "$DOCKER_CONFIG" = /where/docker/looks ]')
  setVariable('DOCKER_CONFIG', '/where/docker/looks')
  await pull(image, 'amd64')
})

test('an image without a pin reports the digest it was pulled by', async () => {
  await fakeProgram(
    'docker',
    `echo 'mirror.example/istio/pilot@sha256:${'b'.repeat(64)}'; echo 'istio/pilot@${digest}'`,
  )
  expect(await pulledDigest({ name: image.name, digest: undefined })).toBe(digest)
})

test('an image of our own is pushed as patiently', async () => {
  const folder = await scratchFolder()
  await fakeProgram(
    'docker',
    `[ "$*" = 'push --quiet mirror.example/meshproof/files:abc' ] || exit 1
[ ! -e '${folder}/asked' ] || exit 0
touch '${folder}/asked'
echo 'received unexpected HTTP status: 503 Service Unavailable' >&2
exit 1`,
  )
  await push('mirror.example/meshproof/files:abc')
})
