import { MeshproofError } from '#errors.ts'
import type { Cell } from '#results/cells.ts'
import { shellWords } from './shell.ts'

/** The most jobs that a matrix of GitHub Actions may have (docs.github.com, “Usage limits”). */
const mostJobs = 256

/**
 * The cells for `strategy.matrix: ${{ fromJSON(…) }}`, in one line.
 * @throws MeshproofError MP-166 for more cells than a matrix of GitHub Actions may have.
 */
export const forGitHub = (cells: readonly Cell[]): string => {
  if (cells.length > mostJobs) {
    throw new MeshproofError('MP-166', {
      what: 'A matrix of GitHub Actions cannot have so many cells',
      where: `${cells.length} cells`,
      why: `it may have ${mostJobs} jobs at most`,
      next: 'Name fewer topologies or versions, or use several matrices.',
    })
  }
  return JSON.stringify({
    include: cells.map(({ name, args }) => ({ cell: name, ...topologyOf(args), args: shellWords(args) })),
  })
}

const topologyOf = (args: readonly string[]): { topology?: string } => {
  const flag = args.find((arg) => arg.startsWith('--topology='))
  return flag === undefined ? {} : { topology: flag.slice('--topology='.length) }
}
