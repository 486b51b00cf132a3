import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { inotifyInstances } from './inotify.ts'

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

test('where the limit cannot be read, nothing is known', async () => {
  expect(await inotifyInstances(await scratchFolder())).toBeUndefined()
})
