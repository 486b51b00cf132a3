import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { survey, type Survey } from '#probes/survey/survey.ts'
import { fakeProgram, scratchFolder } from '#testing/edge.ts'
import { fakeApiServer, type FakeApiServer } from '#testing/fake-api-server.ts'
import { meshObjects } from '#testing/mesh-objects.ts'
import { analyzeMessages, istioctlOnPath } from './analyze.ts'

const servers: FakeApiServer[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const mesh = async (): Promise<Survey> => {
  const apis = await Promise.all([
    fakeApiServer(meshObjects('cluster1')),
    fakeApiServer(meshObjects('cluster2', { role: 'remote' })),
  ])
  servers.push(...apis)
  return survey(apis.map((server, index) => server.cluster(`context${index + 1}`)))
}

const never = new AbortController().signal

/** An istioctl of a version, and what its analyze does, in shell. */
const asked = async (version: string, analyze: string): ReturnType<typeof analyzeMessages> => {
  const script = `if [ "$1" = version ]; then echo '{"clientVersion":{"version":"${version}"}}'; else ${analyze}; fi`
  await fakeProgram('fake-istioctl', script)
  return analyzeMessages(await mesh(), 'fake-istioctl', never)
}

const message = (code: string): string =>
  JSON.stringify({ code, level: 'Error', message: 'not found', origin: 'VirtualService shop/cart', cluster: 'default' })

test('messages are read although the program ends with an error, as it does when it has some', async () => {
  const { messages, notes } = await asked('1.31.0', `echo 'warning'; echo '[${message('IST0101')}]'; exit 79`)
  expect(messages).toMatchObject([
    { code: 'IST0101', origin: 'VirtualService shop/cart', primary: { name: 'cluster1' } },
  ])
  expect(notes).toEqual([])
})

test('it gets the contexts of the other clusters, so that it runs nothing that a remote secret says', async () => {
  const folder = await scratchFolder()
  await asked('1.31.0', `echo "$*" > ${folder}/arguments; cp "\${4#*=}" ${folder}/kubeconfig; echo '[]'`)
  expect(await readFile(join(folder, 'arguments'), 'utf8')).toMatch(
    /^analyze .*--context=cluster-0 .*--remote-contexts=cluster-1$/m,
  )
  const kubeconfig = JSON.parse(await readFile(join(folder, 'kubeconfig'), 'utf8')) as { contexts: unknown[] }
  expect(kubeconfig).toMatchObject({ contexts: [{ name: 'cluster-0' }, { name: 'cluster-1' }] })
})

test.each([
  ['of another minor version', '1.24.0', `echo '[${message('IST0101')}]'`, /istioctl 1\.24\.0 was not asked/],
  ['that prints something else', '1.31.0', 'echo "[1, 2"', /its answer has another form/],
  ['that fails', '1.31.0', 'echo "no access" >&2; exit 1', /no access/],
  ['that does not end', '1.31.0', 'exec sleep 60', /did not end within 3 s/],
])('one %s adds nothing but a note', async (_what, version, analyze, note) => {
  const { messages, notes } = await asked(version, analyze)
  expect(messages).toEqual([])
  expect(notes).toEqual([expect.stringMatching(note)])
})

test('without one on the path nothing is said; a path that leads nowhere is', async () => {
  const present = await mesh()
  expect(await analyzeMessages(present, '/nowhere/istioctl', never)).toMatchObject({
    messages: [],
    notes: [expect.stringContaining('ENOENT')],
  })
  expect(istioctlOnPath).toBe('istioctl')
})
