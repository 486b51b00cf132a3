import { z } from 'zod'

const ImageSource = z.enum(['source', 'release'])

/** Where an image came from. */
export type ImageSource = z.infer<typeof ImageSource>

/** What a lab's images are asked to be. */
export type Wanted = {
  /** Where from; `auto` takes published ones where they can be had. */
  images: ImageSource | 'auto'
  /** Path of the pins of published artifacts, instead of fixtures/images/release.yaml. */
  pins?: string | undefined
  /** A mirror of published artifacts, `host` or `host/prefix`, that everything comes from. */
  registry?: string | undefined
  /** Istio's version, as it is asked for: 1.28 (its newest patch) or 1.28.3. */
  istio?: string | undefined
  /** Kubernetes' version, as it is asked for: 1.33 or 1.33.13. */
  kubernetes?: string | undefined
  /** The version of kind that makes the clusters. */
  kind?: string | undefined
  /** Folder of a checkout of Istio, which istiod, the proxies' agent and istioctl are built from. */
  istioSource?: string | undefined
}

/** What a lab is made of, wherever it came from: files on this machine and image names the nodes already hold. */
export const Images = z.object({
  source: ImageSource,
  /** The preloaded node image's name in the engine. */
  node: z.string(),
  /** Paths of the host's programs. */
  kind: z.string(),
  istioctl: z.string(),
  kubectl: z.string(),
  /** Path of MetalLB's native manifest. */
  loadBalancerManifest: z.string(),
  /** Kubernetes' version, with its v. */
  kubernetes: z.string(),
  /** Envoy's version in the proxies. */
  envoy: z.string(),
  /**
   * The names of the images by the role they play in a plan: hub, tag, helloworld-v1, helloworld-v2, curl; coredns and
   * etcd where kubeadm's own tags are not what there is.
   */
  roles: z.record(z.string(), z.string()),
  digests: z.array(z.object({ name: z.string(), digest: z.string(), source: ImageSource })),
  /**
   * The version whose defaults the mesh keeps, where that is an older one than its own (Istio’s
   * `compatibilityVersion`).
   */
  compatibilityVersion: z.string().optional(),
})
export type Images = z.infer<typeof Images>

/** Images of which names alone are known, by their roles: nothing was built or downloaded. */
export const imagesByName = (source: ImageSource, roles: Images['roles'] = {}): Images => ({
  source,
  node: '',
  kind: '',
  istioctl: '',
  kubectl: '',
  loadBalancerManifest: '',
  kubernetes: '',
  envoy: '',
  roles,
  digests: [],
})

/**
 * What a mesh is upgraded between: one node image that holds both releases, and the programs and image names of each.
 */
export type UpgradeImages = { from: Images; to: Images }

/** The names of the two, as the user spells them: Istio versions, or releases of recipes.yaml. */
export type Upgrading = { from: string; to: string }
