import { imagesByName } from '#images/images.ts'
import { labOf, type Lab } from '#lab/lab.ts'
import { loadTopologyFile, type Mtls, type Topology } from '#topology/topology-file.ts'

/** The example of a user’s topology file: three clusters, two of them on one network. */
export const threeClusters = 'fixtures/topologies/examples/three-clusters.yaml'

/** A topology in a mode of mutual TLS, also in one that its file does not list. */
export const variant = async (nameOrPath: string, mtls: Mtls = 'strict'): Promise<Topology> => ({
  ...(await loadTopologyFile(nameOrPath)),
  mtls,
})

/** A lab whose clusters do not run. */
export const idleLab = async (topology: string | Topology = 'gateway'): Promise<Lab> =>
  labOf(
    '20260101-000000-abcd',
    typeof topology === 'string' ? await variant(topology) : topology,
    imagesByName('source'),
  )
