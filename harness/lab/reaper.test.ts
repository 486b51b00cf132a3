import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { preloadLabel, preloadPrefix } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'
import { emptyCache, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { reap } from './reaper.ts'

test(
  'of the containers that node images are made in, those of killed processes go; asked for by name, too, since the ' +
    'label is in the images',
  async () => {
    await emptyCache()
    const log = join(await scratchFolder(), 'log')
    const living = await ownerOf(process.pid)
    const dead = living.replace(/\/[^/]*$/, '/1')
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
