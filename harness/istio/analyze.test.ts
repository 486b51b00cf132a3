import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failingWith, fakeProgram, scratchFolder, withoutPrograms } from '#testing/edge.ts'
import { analyze, type Istioctl, istioctlVersion } from './analyze.ts'

const istioctl: Istioctl = { program: 'istioctl', from: 'PATH', kubeconfigOf: () => ({ kubeconfig: 'a:b' }) }
const never = new AbortController().signal
const asked = (): ReturnType<typeof analyze> => analyze(istioctl, 'east', 'mesh-root', never)

const message = { code: 'IST0101', level: 'Error', message: 'Referenced host not found', origin: 'VirtualService a/b' }
const printing = (messages: unknown): string => `cat <<'END'\n${JSON.stringify(messages)}\nEND`

test('istioctl is asked about a context with its kubeconfig, and kept from what remote secrets name', async () => {
  const folder = await scratchFolder()
  await fakeProgram('istioctl', `echo "$KUBECONFIG $@" > ${folder}/asked\n${printing([message])}`)
  expect(await asked()).toEqual([
    { code: 'IST0101', level: 'Error', object: 'VirtualService a/b', text: 'Referenced host not found' },
  ])
  const words = (await readFile(join(folder, 'asked'), 'utf8')).split(/\s/)
  expect(words[0]).toBe('a:b')
  expect(words).toEqual(
    expect.arrayContaining(['--context=east', '--remote-contexts=east', '--istioNamespace=mesh-root']),
  )
})

test('messages with any exit code are read, and none at all', async () => {
  await fakeProgram('istioctl', `${printing([message])}\nexit 79`)
  expect(await asked()).toHaveLength(1)
  await fakeProgram('istioctl', 'echo null')
  expect(await asked()).toEqual([])
})

test('a message is short, in one line, and without what steers a terminal or may be a key', async () => {
  const long = `\u001b[31mred\n${'k'.repeat(64)} ${'name. '.repeat(100)}`
  await fakeProgram('istioctl', printing([{ ...message, message: long }]))
  const said = await asked()
  const [text = ''] = Array.isArray(said) ? said.map((part) => part.text) : []
  expect(text).toMatch(/^␛\[31mred … name\. /)
  expect(text).toHaveLength(300)
})

test.each([
  ['prints something else', 'echo "all is well"', 'istioctl analyze printed no list of messages'],
  ['prints messages of another form', printing([{ code: 7 }]), 'istioctl analyze printed no list of messages'],
  ['fails', failingWith('Error: unknown flag: --remote-contexts'), 'Error: unknown flag: --remote-contexts'],
])('a program that %s has no messages, and a reason', async (_, script, why) => {
  await fakeProgram('istioctl', script)
  expect(await asked()).toEqual({ why: expect.stringContaining(why) })
})

test('a program that hangs is ended, with what it started', async () => {
  const folder = await scratchFolder()
  const complaint = `printf '2026-01-01\\terror\\twatch error: failed to list Secret: no\\n' >&2`
  await fakeProgram('istioctl', `${complaint}\nsleep 600 &\necho $! > ${folder}/pid\nwait`)
  const patience = new AbortController()
  const late = analyze(istioctl, 'east', 'istio-system', patience.signal)
  const startedProgram = (): Promise<string> => readFile(join(folder, 'pid'), 'utf8')
  await expect.poll(startedProgram).toMatch(/^\d+\n$/)
  patience.abort()
  expect(await late).toEqual({ why: 'istioctl analyze did not end within 3 s: failed to list Secret: no' })
  const pid = Number(await startedProgram())
  const state = (): Promise<string> => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone')
  await expect.poll(state).toMatch(/^gone$|\) Z /)
})

test('a context that istioctl would take for another user is not asked about', async () => {
  await fakeProgram('istioctl', printing([message]))
  const refusing: Istioctl = { ...istioctl, kubeconfigOf: () => ({ refused: 'it impersonates' }) }
  expect(await analyze(refusing, 'east', 'istio-system', never)).toEqual({ why: 'it impersonates' })
})

test('the version is asked of the program alone; that there is none is a reason of its own', async () => {
  await fakeProgram('istioctl', `test "$2" = --remote=false && ${printing({ clientVersion: { version: '1.31-dev' } })}`)
  expect(await istioctlVersion(istioctl, never)).toEqual({ version: '1.31-dev' })
  await fakeProgram('istioctl', 'echo nonsense')
  expect(await istioctlVersion(istioctl, never)).toEqual({ why: 'istioctl version printed no version' })
  await withoutPrograms()
  expect(await istioctlVersion(istioctl, never)).toMatchObject({ missing: true })
})
