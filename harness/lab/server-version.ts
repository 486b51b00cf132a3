import { VersionApi } from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'
import { explainApi, type KubeClient } from '#kube/client.ts'

/**
 * Sees to it that a cluster's API server is of the version that its images are said to be: results name that one.
 * @throws MeshproofError MP-352 where it is another, MP-402 and MP-406 where it does not say.
 */
export const requireServerVersion = async (
  cluster: string,
  { config }: Pick<KubeClient, 'config'>,
  expected: string,
): Promise<void> => {
  const { gitVersion } = await config
    .makeApiClient(VersionApi)
    .getCode()
    .catch((error: unknown) => {
      throw explainApi(error, cluster, 'read its version')
    })
  if (gitVersion === expected) return
  throw new MeshproofError('MP-352', {
    what: 'The cluster runs another version of Kubernetes than its images are said to be',
    where: cluster,
    why: `its API server is ${gitVersion}, and ${expected} was to be run`,
    next:
      'Set the version beside the node image right (kubernetes, in the file of pins), or choose a node image of ' +
      'that version.',
  })
}
