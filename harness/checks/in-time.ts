import { because, type CauseCode } from '#results/causes.ts'
import { MeshproofError } from '#errors.ts'

/**
 * What it means when something is waited for in vain (MP-401): the cause, and what was waited for. Other errors stay as
 * they are.
 */
export const inTime = async <T>(code: CauseCode, waited: Promise<T>): Promise<T> => {
  try {
    return await waited
  } catch (error) {
    if (error instanceof MeshproofError && error.code === 'MP-401')
      throw new Error(`${because(code)}: ${error.message}`, { cause: error })
    throw error
  }
}
