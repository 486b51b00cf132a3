import type { Code } from '#codes/index.ts'
import { MeshproofError } from '#errors.ts'

// A failed exec, an API server that does not answer, a probe without output, or own pods that do not come up: none is a
// verdict on the mesh.
const codes: readonly Code[] = ['MP-201', 'MP-202', 'MP-403', 'MP-406', 'MP-601', 'MP-602', 'MP-603']

/** Whether an error says that the mesh could not be asked, which is no verdict on it. */
export const isUnasked = (error: unknown): error is MeshproofError =>
  error instanceof MeshproofError && codes.includes(error.code)
