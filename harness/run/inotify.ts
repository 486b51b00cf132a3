import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { MeshproofError } from '#errors.ts'

/**
 * What the processes of root in one node take while the node starts: systemd 4, kubelet 7, the controller manager 7,
 * the API server 6, containerd and kube-proxy 1 each (counted in nodes of Kubernetes 1.34).
 */
export const inotifyOfNode = 26

/**
 * How many inotify instances the processes of root may have, and how many they have. `used` is undefined for a user who
 * may not look at root’s processes.
 */
export type InotifyInstances = { limit: number; used: number | undefined }

/**
 * Counts the inotify instances of root, under whom the programs of a node run. Undefined on a system without them.
 * `proc` is where the kernel tells of processes, `user` the id of the user who asks.
 */
export const inotifyInstances = async (
  proc = '/proc',
  user = process.getuid?.(),
): Promise<InotifyInstances | undefined> => {
  const limit = Number(await readFile(`${proc}/sys/fs/inotify/max_user_instances`, 'utf8').catch(() => ''))
  if (!limit) return undefined
  if (user !== 0) return { limit, used: undefined }
  const processes = (await readdir(proc)).filter((name) => /^\d+$/.test(name))
  const counts = await Promise.all(processes.map((id) => instancesOf(`${proc}/${id}`)))
  return { limit, used: counts.reduce((sum, count) => sum + count, 0) }
}

// A process can end while it is looked at: it then has none.
const instancesOf = async (folder: string): Promise<number> => {
  try {
    if ((await stat(folder)).uid !== 0) return 0
    const files = await readdir(`${folder}/fd`)
    const targets = await Promise.all(files.map((file) => readlink(`${folder}/fd/${file}`).catch(() => '')))
    return targets.filter((target) => target === 'anon_inode:inotify').length
  } catch {
    return 0
  }
}

/** How many instances are left at most: all of them, where nobody can say how many are used. */
export const instancesLeft = ({ limit, used = 0 }: InotifyInstances): number => limit - used

/** What the kernel has where fewer instances are left than are needed. Undefined where they suffice, or are unknown. */
const shortage = async (needed: number, proc?: string): Promise<InotifyInstances | undefined> => {
  const instances = await inotifyInstances(proc)
  return instances !== undefined && instancesLeft(instances) < needed ? instances : undefined
}

/** True where the kernel has enough inotify instances for a lab, or where this cannot be known. */
export const inotifySuffices = async (clusters: number): Promise<boolean> =>
  (await shortage(clusters * inotifyOfNode)) === undefined

/**
 * Refuses a lab for which the kernel has too few inotify instances. The programs of its nodes would die while they
 * start, and the lab would end minutes later with a message about one of them.
 * @throws MeshproofError MP-209
 */
export const requireInotify = async (clusters: number, proc?: string): Promise<void> => {
  const found = await shortage(clusters * inotifyOfNode, proc)
  if (found) throw tooFewInstances(found, clusters)
}

/**
 * After a lab did not come up: names the kernel’s limit as the reason where no instance is left.
 * @throws MeshproofError MP-209 with the error of the lab as its cause
 */
export const requireInotifyLeft = async (clusters: number, cause: unknown): Promise<void> => {
  const found = await shortage(1)
  if (found) throw tooFewInstances(found, clusters, cause)
}

const tooFewInstances = ({ limit, used }: InotifyInstances, clusters: number, cause?: unknown): MeshproofError =>
  new MeshproofError('MP-209', {
    what: 'Too few inotify instances are left for a lab',
    where: `fs.inotify.max_user_instances=${limit}`,
    why:
      (used === undefined ? '' : `root’s processes use ${used}, and `) +
      `${clusters} nodes take ${clusters * inotifyOfNode}`,
    next:
      'sysctl fs.inotify.max_user_instances=512 as root allows more. Or remove other clusters (`meshproof down`, ' +
      '`kind get clusters`).',
    cause,
  })
