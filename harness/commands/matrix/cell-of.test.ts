import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { cellOf } from './earlier-attempt.ts'

const written = async (content: unknown): Promise<string> => {
  const file = join(await scratchFolder(), 'cells.json')
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}
const two = {
  cells: [
    { name: 'a', args: ['test'] },
    { name: 'b', args: ['test', '--suite=net.*'] },
  ],
}

test('a cell is found by its index, and in a pod by that of the Job', async () => {
  const file = await written(two)
  expect(await cellOf(file, 1, { JOB_COMPLETION_INDEX: '0' })).toMatchObject({ name: 'b' })
  expect(await cellOf(file, 0, {})).toMatchObject({ name: 'a' })
  expect(await cellOf(file, undefined, { JOB_COMPLETION_INDEX: '1' })).toEqual(two.cells[1])
})

test.each<[string, number | undefined, NodeJS.ProcessEnv]>([
  ['no index', undefined, {}],
  ['one too many', 2, {}],
  ['an index that is no number', undefined, { JOB_COMPLETION_INDEX: 'x' }],
])('%s is refused', async (_, index, environment) => {
  expect(await errorOf(cellOf(await written(two), index, environment))).toMatchObject({
    code: 'MP-163',
    next: expect.stringMatching(/0 to 1/),
  })
})

describe('a document is refused', () => {
  test.each<[string, unknown, string]>([
    ['that is not JSON', '{', 'JSON'],
    ['without cells', { cells: [] }, 'cells: '],
    ['with two cells of one name', { cells: [two.cells[0], two.cells[0]] }, 'same name'],
    ['with a name that leads out of the report folder', { cells: [{ name: '../a', args: ['test'] }] }, 'cells.0.name'],
    ['with a cell that is no test', { cells: [{ name: 'a', args: ['down', '--all'] }] }, 'cells.0.args'],
    ['with a key that nobody reads', { cells: [{ ...two.cells[0], arg: 1 }] }, 'cells.0'],
  ])('%s', async (_, content, named) => {
    const file = await written(content)
    expect(await errorOf(cellOf(file, 0, {}))).toMatchObject({ code: 'MP-161', message: expect.stringContaining(file) })
    expect(String(await errorOf(cellOf(file, 0, {})))).toContain(named)
  })

  test('that is not there', async () => {
    expect(await errorOf(cellOf('/nowhere/cells.json', 0, {}))).toMatchObject({
      code: 'MP-161',
      message: expect.stringContaining('/nowhere/cells.json'),
    })
  })
})
