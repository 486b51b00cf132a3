import { createServer } from 'node:http'
import { beforeEach, expect, test } from 'vitest'
import { errorOf, failingWith, fakeProgram, listening, scratchFolder, withoutPrograms } from '#testing/edge.ts'
import { loadRelease, type Release } from './release-plan.ts'
import { resolveVersions } from './resolve-versions.ts'

let release: Release
let host: string

/** A registry that answers, and pins of images in it. */
beforeEach(async () => {
  const server = createServer((_request, response) => {
    response.end()
  })
  host = `127.0.0.1:${await listening(server)}`
  const pinned = await loadRelease()
  release = {
    ...pinned,
    kubernetes: 'v1.34.11',
    kind: '0.33.0',
    node: { name: `${host}/kindest/node:v1.34.11`, digest: undefined },
    roles: { ...pinned.roles, hub: `${host}/istio`, tag: '1.30.4' },
  }
})

const tags = (repository: string, all: string[]): Promise<void> =>
  fakeProgram(
    'skopeo',
    `case "$*" in *"list-tags --tls-verify=false docker://${repository}") echo '${JSON.stringify({ Tags: all })}' ` +
      ';; *) echo "asked: $*" >&2; exit 1 ;; esac',
  )

test('what is not asked for is pinned, and whole versions are taken as they are: skopeo is not needed', async () => {
  await withoutPrograms()
  expect(await resolveVersions(release, {})).toEqual({ istio: ['1.30.4'], kubernetes: 'v1.34.11', kind: '0.33.0' })
  expect(await resolveVersions(release, { istio: '1.28.3', kubernetes: '1.33.7', kind: 'v0.32.0' })).toEqual({
    istio: ['1.28.3'],
    kubernetes: 'v1.33.7',
    kind: '0.32.0',
  })
})

test('a minor of Kubernetes is the newest patch that kind has a node of; what is no release is none', async () => {
  await tags(`${host}/kindest/node`, ['latest', 'v1.33.9', 'v1.33.10', 'v1.33.11-rc.1', 'v1.34.12', 'v1.3.99'])
  expect(await resolveVersions(release, { kubernetes: '1.33' })).toMatchObject({ kubernetes: 'v1.33.10' })
  expect(await resolveVersions(release, { kubernetes: 'v1.34' })).toMatchObject({ kubernetes: 'v1.34.12' })
})

test('a minor of Istio is the newest patch of istiod', async () => {
  await tags(`${host}/istio/pilot`, ['1.28.0', '1.28.3', '1.28.4-distroless', '1.29.2'])
  expect(await resolveVersions(release, { istio: '1.28' })).toMatchObject({ istio: ['1.28.3'] })
})

test('with a mirror, the newest is the newest there', async () => {
  await tags(`${host}/mirror/${host.replace(':', '_')}/kindest/node`, ['v1.33.2'])
  expect(await resolveVersions(release, { kubernetes: '1.33', registry: `${host}/mirror` })).toMatchObject({
    kubernetes: 'v1.33.2',
  })
})

test('MP-333: no patch of that minor is published', async () => {
  await tags(`${host}/kindest/node`, ['v1.33.9'])
  expect(await errorOf(resolveVersions(release, { kubernetes: '1.39' }))).toMatchObject({
    code: 'MP-333',
    message: expect.stringContaining(`${host}/kindest/node, 1.39`),
  })
})

test.each([
  [
    'MP-332',
    'time="2026-11-22T05:00:00Z" level=fatal msg="Error listing repository tags: fetching tags list: ' +
      'unauthorized: authentication required"',
    'unauthorized: authentication required',
  ],
  [
    'MP-320',
    'time="2026-11-22T05:00:00Z" level=fatal msg="pinging container registry: Get \\"https://mirror/v2/\\": dial ' +
      'tcp: lookup mirror: no such host"',
    'no such host',
  ],
])('%s: skopeo’s message is reported: %s', async (code, output, message) => {
  await fakeProgram('skopeo', failingWith(output))
  expect(await errorOf(resolveVersions(release, { kubernetes: '1.33' }))).toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
})

test.each([
  'too many requests to registry',
  'fetching tags list: invalid status code from registry 503 (Service Unavailable)',
])('a registry that is busy is asked again: %s', async (message) => {
  const folder = await scratchFolder()
  await fakeProgram(
    'skopeo',
    `[ -e '${folder}/asked' ] && { echo '{"Tags":["v1.33.4"]}'; exit; }; touch '${folder}/asked'; echo ` +
      `'level=fatal msg="Error listing repository tags: ${message}"' >&2; exit 1`,
  )
  const pause = async (): Promise<void> => undefined
  expect(await resolveVersions(release, { kubernetes: '1.33' }, { pause })).toMatchObject({ kubernetes: 'v1.33.4' })
})

test('MP-320: a registry that does not answer is reported before skopeo is needed', async () => {
  await withoutPrograms()
  expect(
    await errorOf(
      resolveVersions(
        { ...release, node: { name: 'registry.invalid/kindest/node:v1.34.11', digest: undefined } },
        { kubernetes: '1.33' },
      ),
    ),
  ).toMatchObject({ code: 'MP-320' })
})
