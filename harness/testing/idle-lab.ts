import type { Images } from '../images/images.ts'
import { labOf, type Lab } from '../lab/lab.ts'
import { loadTopologyFile, type Mtls } from '../plan/topology-file.ts'

const noImages: Images = {
  source: 'source', node: '', kind: '', istioctl: '', kubectl: '', loadBalancerManifest: '', kubernetes: '', envoy: '', roles: {}, digests: [],
}

/** The handles of a lab whose clusters do not run: nothing of it can be dialled. */
export const idleLab = async (topology = 'gateway', mtls: Mtls = 'strict'): Promise<Lab> => labOf('20260101-000000-abcd', { ...(await loadTopologyFile(topology)), mtls }, noImages)
