import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { copyWithChange } from './changed-source.ts'
import { loadRecipes, recipeFolder } from './recipes.ts'

const change = { module: 'example.com/watch', file: 'pkg/watch/watch.go', line: 'period = 1', becomes: 'period = 5' }

const sourceOf = async (watch: string): Promise<string> => {
  const folder = await scratchFolder()
  const files = {
    'go.mod': 'module example.com/watch\n',
    'pkg/other/other.go': 'package other\n',
    [change.file]: watch,
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

test('a module is built from the source of its recipe but for one line, and the source stays as it is', async () => {
  const original = await sourceOf('package watch\nconst period = 1\n')
  const folder = await scratchFolder()
  await copyWithChange('pause', change, original, folder)
  const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8')
  expect(await read('source/pkg/watch/watch.go')).toBe('package watch\nconst period = 5\n')
  expect(await read('source/pkg/other/other.go')).toBe('package other\n')
  expect(await read('source/go.mod')).toBe('module example.com/watch\n')
  expect(await read('go.mod')).toBe(
    `${await readFile(join(recipeFolder, 'pause/go.mod'), 'utf8')}\nreplace example.com/watch => ./source\n`,
  )
  expect(await readFile(join(original, change.file), 'utf8')).toContain('period = 1')
})

test('a source without the line, or with several, is refused', async () => {
  for (const watch of ['const period = 2\n', 'const period = 1\nconst period = 1\n'])
    await expect(copyWithChange('pause', change, await sourceOf(watch), await scratchFolder())).rejects.toThrow(
      'is not in pkg/watch/watch.go of example.com/watch exactly once',
    )
})

test('one line each of two modules is changed', async () => {
  const { modules, helm, conformance } = await loadRecipes()
  const changed = [...modules, helm, conformance].flatMap(({ change: made }) => made ?? [])
  expect(changed).toEqual([
    {
      module: 'k8s.io/kubernetes',
      file: 'pkg/kubelet/kubelet.go',
      line: 'genericPlegRelistPeriod    = time.Second * 1',
      becomes: 'genericPlegRelistPeriod    = time.Millisecond * 200',
    },
    {
      module: 'go.universe.tf/metallb',
      file: 'internal/k8s/webhook.go',
      line: 'conversion.NewWebhookHandler(mgr.GetScheme())',
      becomes: 'conversion.NewWebhookHandler(mgr.GetScheme(), mgr.GetConverterRegistry())',
    },
  ])
})
