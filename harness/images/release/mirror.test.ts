import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { errorOf, fakeProgram, listening, scratchFolder } from '#testing/edge.ts'
import { digestsLabel } from './digests-label.ts'
import { mirror, verifyMirror } from './mirror.ts'
import { loadRelease, pinnedVersions, planOf, type ReleasePlan } from './release-plan.ts'

const silent = (): void => undefined
const digestOf = (manifest: string): string => `sha256:${createHash('sha256').update(manifest).digest('hex')}`

let host: string
let store: string
let plan: ReleasePlan
let commands: () => Promise<string[]>

/** Manifests lie in a folder by names, with / as _. */
const put = (name: string, manifest: string): Promise<void> =>
  writeFile(join(store, name.replaceAll('/', '_')), manifest)
const mirrored = (name: string): string => `${host}/mirror/${name.replace(':', '_')}`
const copied = (lines: string[]): string[] =>
  lines.filter((line) => line.startsWith('copy')).map((line) => line.split('docker://').at(-1) ?? '')

/**
 * A publisher of three images, one pinned by tag alone; a registry, of which skopeo and docker speak; and a download
 * site.
 */
beforeEach(async () => {
  const server = createServer((_request, response) => {
    response.end('file')
  })
  host = `127.0.0.1:${await listening(server)}`
  const folder = await scratchFolder()
  store = join(folder, 'store')
  await mkdir(store)
  const sha256 = createHash('sha256').update('file').digest('hex')
  const program = { url: `http://${host}/{os}-{arch}`, checksum: '.sha256', sha256: { 'linux-amd64': sha256 } }
  const release = {
    ...(await loadRelease()),
    programs: { kind: program, istioctl: program },
    loadBalancerManifest: { url: `http://${host}/metallb`, sha256 },
    node: { name: `${host}/kindest/node:v1.34.11`, digest: digestOf('node') },
    images: [
      { name: `${host}/metallb/speaker:v0.15.2`, digest: digestOf('speaker') },
      { name: `${host}/istio/helloworld:1.0`, digest: undefined },
    ],
  }
  plan = await planOf(release, pinnedVersions(release), 'amd64')
  for (const [name, manifest] of [
    ['kindest/node:v1.34.11', 'node'],
    ['metallb/speaker:v0.15.2', 'speaker'],
    ['istio/helloworld:1.0', 'hello'],
  ] as const) {
    await put(`${host}/${name}`, manifest)
    await put(`${host}/${name.replace(/:[^:]+$/, '')}@${digestOf(manifest)}`, manifest)
  }
  const log = join(folder, 'commands')
  await writeFile(log, '')
  commands = async () => (await readFile(log, 'utf8')).split('\n').filter(Boolean)
  await fakeProgram(
    'skopeo',
    `[ "$1" = --insecure-policy ] && shift
echo "$*" >> '${log}'
place() { echo '${store}'/"$(echo "\${1#docker://}" | tr / _)"; }
fail() { echo "level=fatal msg=\\"reading manifest: $1\\"" >&2; exit 1; }
show() { [ -e "$(place "$here")" ] || fail 'manifest unknown'; cat "$(place "$here")"; }
for last in "$@"; do before=$here; here=$last; done
case "$1 $*" in
  'copy '*) cp "$(place "$before")" "$(place "$here")" ;;
  'inspect '*--config*) show ;;
  'inspect '*)
    grep -qs refused "$(place "$here")" && fail 'denied: requested access to the resource is denied'
    show ;;
esac`,
  )
  // An engine that keeps of an image its label alone, and pushes it as a configuration.
  await fakeProgram(
    'docker',
    `echo "docker $*" >> '${log}'
case "$1" in
  image) exit 1 ;;
  import)
    echo "$*" |
      sed 's/.*LABEL [^"]*"\\([^"]*\\)".*/{"config":{"Labels":{"${digestsLabel}":"\\1"}}}/' > '${folder}/label' ;;
  push) cp '${folder}/label' '${store}'/"$(echo "$3" | tr / _)" ;;
esac`,
  )
})

test('an empty mirror gets every image, by its published digest, and the files', async () => {
  const { copied: names, there } = await mirror(plan, `${host}/mirror`, silent)
  expect(names).toEqual([plan.node.name, ...plan.images.map(({ name }) => name), plan.files])
  expect(there).toEqual([])
  const lines = await commands()
  expect(lines).toContain(
    'copy --quiet --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false ' +
      `docker://${host}/kindest/node@${digestOf('node')} docker://${mirrored(plan.node.name)}`,
  )
  expect(lines).toContain(`docker push --quiet ${host}/mirror/${plan.files}`)
})

test('a second time only what has changed is copied', async () => {
  await mirror(plan, `${host}/mirror`, silent)
  const before = (await commands()).length
  expect(await mirror(plan, `${host}/mirror`, silent)).toMatchObject({ copied: [] })
  const second = (await commands()).slice(before)
  expect(second.filter((line) => /^copy|docker (import|push)/.test(line))).toEqual([])

  await put(`${host}/istio/helloworld:1.0`, 'hello again')
  await put(`${host}/istio/helloworld@${digestOf('hello again')}`, 'hello again')
  expect((await mirror(plan, `${host}/mirror`, silent)).copied).toEqual([`${host}/istio/helloworld:1.0`, plan.files])
  expect(await verifyMirror(plan, `${host}/mirror`)).toMatchObject({ differing: [] })
})

test('a registry that refuses requests for images that it lacks still gets them', async () => {
  await put(mirrored(plan.node.name), 'refused')
  expect((await mirror(plan, `${host}/mirror`, silent)).copied).toContain(plan.node.name)
})

test('an image that is not published ends it, and is named', async () => {
  const images = [...plan.images, { name: `${host}/istio/other:1.0`, digest: undefined }]
  expect(await errorOf(mirror({ ...plan, images }, `${host}/mirror`, silent))).toMatchObject({
    code: 'MP-334',
    message: expect.stringContaining('istio/other:1.0'),
  })
  expect(copied(await commands())).not.toContain(mirrored(`${host}/istio/other:1.0`))
})

test('a mirror is verified without a request to the publishers', async () => {
  await mirror(plan, `${host}/mirror`, silent)
  const before = (await commands()).length
  expect(await verifyMirror(plan, `${host}/mirror`)).toEqual({
    same: [plan.node.name, ...plan.images.map(({ name }) => name), plan.files],
    differing: [],
  })
  expect((await commands()).slice(before).every((line) => line.includes(`docker://${host}/mirror/`))).toBe(true)
})

test('images that differ, are missing or have no recorded digest are named', async () => {
  await mirror(plan, `${host}/mirror`, silent)
  await put(mirrored(plan.node.name), 'another node')
  await put(mirrored(`${host}/istio/helloworld:1.0`), 'another hello')
  expect((await verifyMirror(plan, `${host}/mirror`)).differing).toEqual([
    { name: plan.node.name, expected: digestOf('node'), found: digestOf('another node') },
    { name: `${host}/istio/helloworld:1.0`, expected: digestOf('hello'), found: digestOf('another hello') },
  ])
  const empty = await verifyMirror(plan, `${host}/elsewhere`)
  expect(empty.same).toEqual([])
  expect(empty.differing.map(({ name }) => name)).toEqual([
    plan.node.name,
    ...plan.images.map(({ name }) => name),
    plan.files,
  ])
})
