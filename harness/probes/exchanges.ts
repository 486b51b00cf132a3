import { MeshproofError } from '#errors.ts'

/** What separates the body of an answer from curl’s account of the request (ASCII’s record separator). */
export const separator = '\u001e'

/** The body that a request got, and curl’s account of it: a line, or undefined where the line is not complete. */
export type Exchange = { body: string; account: string | undefined }

/**
 * Splits the output of curl, in which each body is followed by the separator and a line of account. The last exchange
 * is what stands after the last account: nothing, or the beginning of an answer.
 */
export const exchangesOf = (output: string): Exchange[] => {
  const pieces = output.split(separator)
  return pieces.map((piece, index) => {
    const next = pieces[index + 1]
    const account = next?.includes('\n') ? next.slice(0, next.indexOf('\n')) : undefined
    return { body: index === 0 ? piece : piece.slice(piece.indexOf('\n') + 1), account }
  })
}

/** The version of helloworld that a body names; a pod in a zone of its own adds the zone, as in `v1-a`. */
export const versionIn = (body: string): string | undefined => /version: (v\d+(?:-[a-z]\b)?)/.exec(body)?.[1]

/** The error for requests of which curl printed no account; `where` is the pod, `why` what it printed instead. */
export const noAccount = (where: string, why: string | undefined): MeshproofError =>
  new MeshproofError('MP-601', {
    what: 'curl gave no account of its requests',
    where,
    why: why || 'no output',
    next: 'This says nothing about the mesh; run again.',
  })
