import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'

/**
 * Identifies a process as the owner of a run: host, process id and start time. A later process with the same id is
 * therefore not the owner.
 */
export const ownerOf = async (pid: number): Promise<string> => `${hostname()}/${pid}/${await startOf(pid)}`

/** True while the process of an owner lives. True for every owner on another host, which this host cannot check. */
export const ownerLives = async (owner: string): Promise<boolean> => {
  const [host, pid = '', start] = owner.split('/')
  if (host !== hostname()) return true
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    // A process of another user lives, although this user may not signal it.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return (await startOf(Number(pid))) === start
}

// The 22nd field of /proc/<pid>/stat. Systems without /proc compare host and process id alone.
const startOf = async (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '',
    () => '',
  )
