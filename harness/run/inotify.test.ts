import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { inotifyInstances, instancesLeft, requireInotify } from './inotify.ts'

test.runIf(process.getuid?.() === 0)('the inotify instances of root’s processes are counted', async () => {
  const proc = await scratchFolder()
  await mkdir(join(proc, 'sys/fs/inotify'), { recursive: true })
  await writeFile(join(proc, 'sys/fs/inotify/max_user_instances'), '128\n')
  for (const [id, ...targets] of [
    ['1', 'anon_inode:inotify', 'anon_inode:inotify', '/dev/null'],
    ['27', 'anon_inode:[eventpoll]', 'anon_inode:inotify'],
    ['self', 'anon_inode:inotify'],
  ]) {
    const folder = join(proc, id ?? '', 'fd')
    await mkdir(folder, { recursive: true })
    await Promise.all(targets.map((target, index) => symlink(target, join(folder, String(index)))))
  }
  // Of this process nothing is left.
  await mkdir(join(proc, '28'))
  expect(await inotifyInstances(proc)).toEqual({ limit: 128, used: 3 })
})

/** A /proc in which root’s processes may have so many instances, and have none. */
const procWithLimit = async (limit: number): Promise<string> => {
  const proc = await scratchFolder()
  await mkdir(join(proc, 'sys/fs/inotify'), { recursive: true })
  await writeFile(join(proc, 'sys/fs/inotify/max_user_instances'), `${limit}\n`)
  return proc
}

test('another user knows the limit, and not how many are used', async () => {
  const instances = await inotifyInstances(await procWithLimit(128), 1000)
  expect(instances).toEqual({ limit: 128, used: undefined })
  expect(instances && instancesLeft(instances)).toBe(128)
})

test('a lab is refused at once where too few are left, by the name of the limit and what raises it', async () => {
  await requireInotify(2, await procWithLimit(52))
  await expect(requireInotify(2, await procWithLimit(51))).rejects.toMatchObject({
    code: 'MP-209',
    message: expect.stringMatching(/fs\.inotify\.max_user_instances=51.*2 nodes take 52/),
    next: expect.stringContaining('sysctl fs.inotify.max_user_instances=512'),
  })
})

test('where the limit cannot be read, nothing is known', async () => {
  expect(await inotifyInstances(await scratchFolder())).toBeUndefined()
})
