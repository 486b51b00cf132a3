import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { sourceForTests } from './test-source.ts'

test('the tests read the source of Istio, and one manifest that takes the image of the node', async () => {
  const source = await scratchFolder()
  await mkdir(join(source, 'samples/extauthz'), { recursive: true })
  await mkdir(join(source, 'tests/integration/security'), { recursive: true })
  await writeFile(join(source, 'samples/jwt.yaml'), 'jwt')
  await writeFile(join(source, 'samples/extauthz/ext-authz.yaml'), 'image: a\nimagePullPolicy: Always\n')
  const root = await sourceForTests(source, await scratchFolder())

  expect(await readFile(join(root, 'samples/extauthz/ext-authz.yaml'), 'utf8')).toBe(
    'image: a\nimagePullPolicy: IfNotPresent\n',
  )
  expect(await readFile(join(root, 'samples/jwt.yaml'), 'utf8')).toBe('jwt')
  expect(await realpath(join(root, 'tests/integration/security'))).toBe(
    await realpath(join(source, 'tests/integration/security')),
  )
  expect(await readFile(join(source, 'samples/extauthz/ext-authz.yaml'), 'utf8')).toContain('Always')
})
