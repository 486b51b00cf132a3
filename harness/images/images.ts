import { z } from 'zod'
import { Charts } from './charts.ts'
import type { Gateways } from '#topology/topology-schema.ts'

const ImageSource = z.enum(['source', 'release'])

/** Where an image came from. */
export type ImageSource = z.infer<typeof ImageSource>

/** The images that a user asks for. */
export type Wanted = {
  /** Where images come from. `auto` uses published images where their registries answer. */
  images: ImageSource | 'auto'
  /** Path of the pins of published artifacts, instead of fixtures/images/release.yaml. */
  pins?: string | undefined
  /** A mirror of published artifacts, `host` or `host/prefix`, from which everything comes. */
  registry?: string | undefined
  /**
   * Istio's version as the user writes it: 1.28 (the newest patch) or 1.28.3; or one for each cluster
   * (istio-of-clusters.ts).
   */
  istio?: string | undefined
  /** Kubernetes' version as the user writes it: 1.33 (the newest patch) or 1.33.13. */
  kubernetes?: string | undefined
  /** The version of kind that creates the clusters. */
  kind?: string | undefined
  /** Folder of a checkout of Istio, from which istiod, the proxies' agent and istioctl are built. */
  istioSource?: string | undefined
  /** What installs the mesh; istioctl by default. */
  installer?: Installer | undefined
  /** A folder or a repository with charts, instead of those of the release. */
  charts?: string | undefined
  /** How east-west gateways are made; `classic` by default. */
  gateways?: Gateways | undefined
  /** The plan asks echo, Istio’s test server: a lab needs its image. */
  echo?: boolean | undefined
  /** The name of an image of echo that the clusters can pull. */
  echoImage?: string | undefined
}

/** The programs that can install a mesh. */
export const installers = ['istioctl', 'helm'] as const

/** What installs a mesh. */
export type Installer = (typeof installers)[number]

const GatewayApiFiles = z.object({
  /** The release of the Gateway API, with the leading v. */
  version: z.string(),
  /** Paths of the manifests of its standard channel. */
  manifests: z.array(z.string()),
})

/** The definitions of the Gateway API’s resources. */
export type GatewayApiFiles = z.infer<typeof GatewayApiFiles>

const HelmImages = z.object({
  /** Path of the program for this machine. */
  program: z.string(),
  version: z.string(),
  charts: Charts,
})

/** Helm, and the charts that it installs a mesh with. */
export type HelmImages = z.infer<typeof HelmImages>

const EchoImage = z.object({
  name: z.string(),
  /** Path of an archive for `kind load image-archive`; absent where the clusters pull the image. */
  archive: z.string().optional(),
})

/** The image of echo, Istio’s test server. */
export type EchoImage = z.infer<typeof EchoImage>

/** What a lab is created from: programs on this machine, and the names of images that the nodes already hold. */
export const Images = z.object({
  source: ImageSource,
  /** The name of the preloaded node image in the engine. */
  node: z.string(),
  /** Paths of the programs for this machine. */
  kind: z.string(),
  istioctl: z.string(),
  kubectl: z.string(),
  /** Path of MetalLB's native manifest. */
  loadBalancerManifest: z.string(),
  /** Kubernetes' version, with the leading v. */
  kubernetes: z.string(),
  /** The version of Envoy in the proxies. */
  envoy: z.string(),
  /**
   * The names of images by their role in a plan: hub, tag, helloworld-v1, helloworld-v2, curl. Also the tags of coredns
   * and etcd, where the node image does not hold those that kubeadm uses by default.
   */
  roles: z.record(z.string(), z.string()),
  digests: z.array(z.object({ name: z.string(), digest: z.string(), source: ImageSource })),
  /**
   * The release of each cluster, where the clusters do not all have the same: its istioctl, its tag, its Envoy, and
   * Helm with its charts where Helm installs the mesh.
   */
  ofClusters: z
    .record(
      z.string(),
      z.object({ istioctl: z.string(), tag: z.string(), envoy: z.string(), helm: HelmImages.optional() }),
    )
    .optional(),
  /** Helm and its charts, where Helm installs the mesh; otherwise istioctl does. */
  helm: HelmImages.optional(),
  /** The Gateway API, where east-west gateways are its resources. */
  gatewayApi: GatewayApiFiles.optional(),
  /** The image of echo, where the plan asks it. */
  echo: EchoImage.optional(),
})

/** What installs the mesh of these images. */
export const installerOf = ({ helm }: Pick<Images, 'helm'>): Installer => (helm === undefined ? 'istioctl' : 'helm')

/** How the east-west gateways of labs with these images are made. */
export const gatewaysOf = ({ gatewayApi }: Pick<Images, 'gatewayApi'>): Gateways =>
  gatewayApi === undefined ? 'classic' : 'gateway-api'

export type Images = z.infer<typeof Images>

/** The release of a cluster: its own where the clusters have different ones, otherwise that of all. */
export const releaseIn = (
  { ofClusters, istioctl, roles, helm }: Images,
  cluster: string,
): { istioctl: string; tag: string | undefined; helm?: HelmImages | undefined } =>
  ofClusters?.[cluster] ?? { istioctl, tag: roles['tag'], helm }

/** Images of which only the names are known, by their roles. Nothing is built or downloaded for them. */
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

/** The images of both releases of an upgrade. Both have the same node image, which holds both releases. */
export type UpgradeImages = { from: Images; to: Images }

/** The names of both releases of an upgrade: versions of Istio, or releases of recipes.yaml. */
export type Upgrading = { from: string; to: string }
