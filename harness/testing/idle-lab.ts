import { imagesByName } from '#images/images.ts'
import { labOf, type Lab } from '#lab/lab.ts'
import { loadTopologyFile, type Mtls, type Topology } from '#topology/topology-file.ts'

/** The example of a topology file of one’s own, whose clusters are on one network and on several. */
export const threeClusters = 'fixtures/topologies/examples/three-clusters.yaml'

/** A topology in one mode, whether its file names that or not. */
export const variant = async (nameOrPath: string, mtls: Mtls = 'strict'): Promise<Topology> => ({
  ...(await loadTopologyFile(nameOrPath)),
  mtls,
})

/** The handles of a lab whose clusters do not run: nothing of it can be dialled. */
export const idleLab = async (topology: string | Topology = 'gateway'): Promise<Lab> =>
  labOf(
    '20260101-000000-abcd',
    typeof topology === 'string' ? await variant(topology) : topology,
    imagesByName('source'),
  )
