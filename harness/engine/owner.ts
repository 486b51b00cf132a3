import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'

/**
 * The process that answers for a run: host, process id and when the process started, so that a reused id is no owner.
 */
export const ownerOf = async (pid: number): Promise<string> => `${hostname()}/${pid}/${await startOf(pid)}`

/** True while the owning process lives, and for owners on other hosts, which cannot be judged from here. */
export const ownerLives = async (owner: string): Promise<boolean> => {
  const [host, pid = '', start] = owner.split('/')
  if (host !== hostname()) return true
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    // Another user's process may not be signalled, and lives all the same.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return (await startOf(Number(pid))) === start
}

// The 22nd field of /proc/<pid>/stat; elsewhere the process id alone has to do.
const startOf = async (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '',
    () => '',
  )
