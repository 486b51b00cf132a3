import { MeshproofError } from '#errors.ts'
import { explainApi, type KubeClient } from '#kube/client.ts'
import { kubernetes } from '#kube/library.ts'

/**
 * Makes sure that a cluster's API server has the version that the pins name for its node image, because the results
 * name that version.
 * @throws MeshproofError MP-352 where it has another version, MP-402 or MP-406 where the version cannot be read.
 */
export const requireServerVersion = async (
  cluster: string,
  { config }: Pick<KubeClient, 'config'>,
  expected: string,
): Promise<void> => {
  const { gitVersion } = await config
    .makeApiClient(kubernetes().VersionApi)
    .getCode()
    .catch((error: unknown) => {
      throw explainApi(error, cluster, 'read its version')
    })
  if (gitVersion === expected) return
  throw new MeshproofError('MP-352', {
    what: 'The cluster runs another version of Kubernetes than the pins name',
    where: cluster,
    why: `its API server is ${gitVersion}, and the pins name ${expected}`,
    next:
      'Correct the version of the node image in the file of pins (“kubernetes”), or choose a node image of ' +
      'that version.',
  })
}
