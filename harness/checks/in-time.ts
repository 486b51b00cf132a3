import { because, type CauseCode } from '#results/causes.ts'
import { MeshproofError } from '#errors.ts'

/**
 * Turns a timeout (MP-401) into a failure that names its cause. Other errors stay as they are.
 * @throws Error with the cause’s code and what was waited for.
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
