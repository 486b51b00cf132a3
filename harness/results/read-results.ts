import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MeshproofError, reasonOf } from '#errors.ts'
import { Results } from './results.ts'

/** @throws MeshproofError MP-111 when there is no such folder. */
export const requireFolder = async (
  folder: string,
  next = 'Name the folder that a run’s last line calls its report.',
): Promise<void> => {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new MeshproofError('MP-111', { what: 'There is no such report folder', where: folder, next })
}

/**
 * Reads the results in a report folder.
 * @throws MeshproofError MP-111 when there is no such folder, MP-112 when it has no readable results.json, MP-113 when
 * that file does not match its schema.
 */
export const readResults = async (folder: string): Promise<Results> => {
  await requireFolder(folder)
  const file = join(folder, 'results.json')
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new MeshproofError('MP-112', {
      what: 'The folder holds no results.json that can be read',
      where: folder,
      why: reasonOf(cause),
      next: 'Name a folder that `test` wrote; `prove` leaves proof.json alone.',
      cause,
    })
  })
  const invalid = (why: string, cause: unknown): MeshproofError =>
    new MeshproofError('MP-113', {
      what: 'That is not a valid results.json',
      where: file,
      why,
      next: 'Its schema is docs/results.schema.json; results of another version are rendered by that version.',
      cause,
    })
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw invalid(`it is not JSON: ${reasonOf(cause)}`, cause)
  }
  const parsed = Results.safeParse(document)
  if (parsed.success) return parsed.data
  const [first, ...others] = parsed.error.issues
  const place = first?.path.join('.') || 'the document'
  throw invalid(
    `${place}: ${first?.message ?? ''}${others.length > 0 ? `, and ${others.length} more` : ''}`,
    parsed.error,
  )
}
