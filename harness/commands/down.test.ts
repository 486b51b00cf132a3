import { access, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ownerOf } from '#engine/owner.ts'
import { leaveLab, runFolder, saveRun, useLab } from '#lab/run-state.ts'
import { emptyCache, errorOf, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { down } from './down.ts'

const engine = JSON.stringify({
  ServerVersion: '28.1',
  Architecture: 'x86_64',
  NCPU: 2,
  MemTotal: 16e9,
  DockerRootDir: '/var/lib',
})

test('a kept lab that a run uses stays, and the run is named; with --all it is removed', async () => {
  const [used, unused] = ['20260101-000000-aaaa', '20260101-000000-bbbb'] as const
  const owner = await ownerOf(process.pid)
  const ended = owner.replace(/\/\d+\//, '/4194999/')
  await emptyCache()
  const log = join(await scratchFolder(), 'log')
  await fakeProgram('docker', `case "$1" in info) echo '${engine}' ;; rm | rmi) echo "$*" >> '${log}' ;; esac`)
  for (const id of [used, unused]) await saveRun({ id, topology: 'gateway', mtls: 'strict', owner: ended, kept: true })
  await useLab(used, owner)
  const said: string[] = []
  const remove = (all: boolean): Promise<number> =>
    down({ all }, (line) => said.push(line), new AbortController().signal)

  expect(await errorOf(remove(false))).toMatchObject({
    code: 'MP-414',
    message: expect.stringMatching(new RegExp(`${used}.*process ${process.pid} `)),
  })
  expect(said).toEqual([`Removed the kept lab ${unused}.`])
  await access(runFolder(used))

  expect(await remove(true)).toBe(0)
  expect(said.at(-1)).toBe(`Removed the kept lab ${used}.`)
  await expect(access(runFolder(used))).rejects.toThrow()
  await leaveLab(used, owner)
  await expect(readFile(log, 'utf8')).rejects.toThrow()
})

test('a run whose process cannot be seen here stays and is named; with --all it is removed', async () => {
  const id = '20260101-000000-aaaa'
  await emptyCache()
  await fakeProgram('docker', `case "$1" in info) echo '${engine}' ;; esac`)
  const owner = (await ownerOf(4194999)).replace(/\d*$/, '1')
  await saveRun({ id, topology: 'gateway', mtls: 'strict', owner, kept: false })
  const said: string[] = []
  const remove = (all: boolean): Promise<number> =>
    down({ all, run: id }, (line) => said.push(line), new AbortController().signal)
  for (const all of [false, true, true]) expect(await remove(all)).toBe(0)
  expect(said).toEqual([
    `Run ${id} stays: it is in progress, as process 4194999 of ${hostname()}. ` +
      `If that has ended, use meshproof down --all --run=${id}`,
    `Removed what is left of run ${id}.`,
    `Nothing of run ${id} is left.`,
  ])
})

test('a run of another user stays and is said to be one; with --all and its id it is removed', async () => {
  const id = '20260101-000000-aaaa'
  await emptyCache()
  const folder = await scratchFolder()
  await writeFile(join(folder, 'file'), '')
  const owner = (await ownerOf(process.pid)).replace(/\/\d+\//, '/4194999/')
  const line = `${id} ${owner} ${join(folder, 'file', id)}`
  await fakeProgram('docker', `case "$1 $2" in 'info '*) echo '${engine}' ;; 'ps --all') echo '${line}' ;; esac`)
  const said: string[] = []
  const remove = (options: { all: boolean; run?: string }): Promise<number> =>
    down(options, (words) => said.push(words), new AbortController().signal)
  for (const options of [{ all: false }, { all: true }, { all: false, run: id }]) expect(await remove(options)).toBe(0)
  expect(new Set(said)).toEqual(
    new Set([
      `Run ${id} stays: it is another user’s, who may have kept it. To remove it all the same, use meshproof down ` +
        `--all --run=${id}`,
    ]),
  )
  expect(await remove({ all: true, run: id })).toBe(0)
  expect(said.at(-1)).toBe(`Removed what is left of run ${id}.`)
})
