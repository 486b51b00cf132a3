import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

/**
 * Identifies a process as the owner of a run: host, process id, start time, and the namespace in which the id counts. A
 * later process with the same id, and a process with the same id in another container, are therefore not the owner.
 */
export const ownerOf = async (pid: number): Promise<string> =>
  [hostname(), pid, (await statOf(pid)).start, await idNamespace()].join('/')

/**
 * True while the process of an owner lives, false as soon as it was killed. True for every owner whose process this one
 * cannot see: on another host, or in a container with its own process ids, which may have the name of its host.
 */
export const ownerLives = async (owner: string): Promise<boolean> => {
  const [host, pid = '', start, namespace = ''] = owner.split('/')
  if (host !== hostname() || namespace !== (await idNamespace())) return true
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    // A process of another user lives, although this user may not signal it.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const stat = await statOf(Number(pid))
  return stat.start === start && !stat.ended
}

/**
 * The number of the namespace of process ids, which no two living namespaces of a machine share. Pods have none: a pod
 * of a Job that replaces a killed one has its host name, and stands for it.
 */
const idNamespace = async (): Promise<string> =>
  process.env['KUBERNETES_SERVICE_HOST']
    ? ''
    : readlink('/proc/self/ns/pid').then(
        (link) => /\d+/.exec(link)?.[0] ?? '',
        () => '',
      )

// The kernel's flag of a process that is on its way out (PF_EXITING in include/linux/sched.h).
const exiting = 0x4

// Fields 3, 9 and 22 of /proc/<pid>/stat. A killed process keeps its id, and accepts signals, until its parent has
// asked for its end. Systems without /proc compare host and process id alone.
const statOf = async (pid: number): Promise<{ start: string; ended: boolean }> =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => {
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const ended = ['Z', 'X'].includes(fields[0] ?? '') || (Number(fields[6]) & exiting) !== 0
      return { start: fields[19] ?? '', ended }
    },
    () => ({ start: '', ended: false }),
  )
