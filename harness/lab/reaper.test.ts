import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { preloadLabel, preloadPrefix, runLabel } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'
import { emptyCache, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { findLeftRuns, reap } from './reaper.ts'
import { leaveLab, runFolder, saveRun, useLab } from './run-state.ts'

/** An owner whose process has ended: no process has this id. */
const deadOf = (owner: string): string => owner.replace(/\/\d+\//, '/4194999/')

test(
  'containers in which killed processes built node images are removed; they are found by label and name, because a ' +
    'node image keeps the label',
  async () => {
    await emptyCache()
    const log = join(await scratchFolder(), 'log')
    const living = await ownerOf(process.pid)
    const dead = deadOf(living)
    await fakeProgram(
      'docker',
      `case "$*" in
  *'label=${preloadLabel} --filter name=^${preloadPrefix} '*) printf '%s\\n' 'aaa ${dead}' 'bbb ${living}' ;;
  rm*) echo "$*" >> '${log}' ;;
esac`,
    )
    await reap()
    expect((await readFile(log, 'utf8')).trim().split('\n')).toEqual(['rm --force --volumes aaa'])
  },
)

test('a lab that was kept with another cache folder is not taken for one that a killed run left', async () => {
  const id = '20260101-000000-abcd'
  const owner = deadOf(await ownerOf(process.pid))
  await emptyCache()
  await saveRun({ id, topology: 'gateway', mtls: 'strict', owner, kept: true })
  const kept = runFolder(id)
  await emptyCache()
  expect(runFolder(id)).not.toBe(kept)
  await fakeProgram(
    'docker',
    `case "$*" in 'ps --all --filter label=${runLabel} '*) echo '${id} ${owner} ${kept}' ;; esac`,
  )
  expect(await findLeftRuns()).toEqual([{ id, owner, alive: false, kept: true, closed: false, users: [] }])
  expect(await reap()).toEqual([])
})

test('a lab of another user, whose folder is closed to this one, is not taken for what a killed run left', async () => {
  const [closed, gone] = ['20260101-000000-aaaa', '20260101-000000-bbbb']
  const owner = deadOf(await ownerOf(process.pid))
  await emptyCache()
  // Root may read every folder. Nobody may read one below a file.
  const file = join(await scratchFolder(), 'file')
  await writeFile(file, '')
  await fakeProgram(
    'docker',
    `case "$*" in 'ps --all --filter label=${runLabel} '*)
  echo '${closed} ${owner} ${join(file, closed)}'
  echo '${gone} ${owner} ${join(dirname(file), gone)}' ;;
esac`,
  )
  expect(await findLeftRuns()).toMatchObject([
    { id: closed, closed: true },
    { id: gone, closed: false },
  ])
  expect(await reap()).toEqual([gone])
})

test('the processes that use a kept lab are known as long as they live', async () => {
  const id = '20260101-000000-abcd'
  const living = await ownerOf(process.pid)
  const dead = deadOf(living)
  await emptyCache()
  await fakeProgram('docker', '')
  await saveRun({ id, topology: 'gateway', mtls: 'strict', owner: dead, kept: true })
  await useLab(id, dead)
  expect(await findLeftRuns()).toEqual([{ id, owner: dead, alive: false, kept: true, closed: false, users: [] }])
  await useLab(id, living)
  expect(await findLeftRuns()).toEqual([{ id, owner: dead, alive: false, kept: true, closed: false, users: [living] }])
  await leaveLab(id, living)
  expect(await findLeftRuns()).toEqual([{ id, owner: dead, alive: false, kept: true, closed: false, users: [] }])
})
