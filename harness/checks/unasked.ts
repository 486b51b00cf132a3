import type { Code } from '#codes/index.ts'
import { MeshproofError } from '#errors.ts'

// A failed exec, an API server that does not answer, or a probe without output is not a verdict on the mesh.
const codes: readonly Code[] = ['MP-201', 'MP-202', 'MP-403', 'MP-406', 'MP-601', 'MP-602']

/** Whether an error says that the mesh could not be asked, which is no verdict on it. */
export const isUnasked = (error: unknown): error is MeshproofError =>
  error instanceof MeshproofError && codes.includes(error.code)
