import { rename, rm, writeFile } from 'node:fs/promises'

/** Writes a file so that a reader finds either the old content or the new content, never a part of it. */
export const writeWhole = async (path: string, content: string, mode = 0o644): Promise<void> => {
  const scratch = `${path}.${process.pid}.part`
  try {
    await writeFile(scratch, content, { mode })
    await rename(scratch, path)
  } catch (error) {
    await rm(scratch, { force: true })
    throw error
  }
}
