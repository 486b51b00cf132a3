import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { preloadLabel, preloadPrefix } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'
import { emptyCache, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { reap } from './reaper.ts'

test(
  'containers in which killed processes built node images are removed; they are found by label and name, because a ' +
    'node image keeps the label',
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
