import type { Cell } from '#results/cells.ts'
import { forGitHub } from './for-github.ts'
import { forGitLab } from './for-gitlab.ts'
import { forKubernetes } from './for-kubernetes.ts'
import { matrixCells } from './matrix.ts'
import type { MatrixOptions } from './options.ts'

/** The cells of a matrix in the form that `emit` names. @throws MeshproofError as matrixCells and forGitHub do. */
export const emitted = async (options: MatrixOptions): Promise<string> =>
  forms[options.emit](await matrixCells(options), options)

const forms: Record<MatrixOptions['emit'], (cells: Cell[], options: MatrixOptions) => string | Promise<string>> = {
  cells: (cells) => JSON.stringify({ cells }, null, 2),
  github: forGitHub,
  gitlab: forGitLab,
  kubernetes: forKubernetes,
}
