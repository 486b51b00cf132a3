import { z } from 'zod'
import { rangeProblem } from './address-range.ts'
import { severalNetworks } from './networks.ts'

/** The documented procedures for installing a mesh. Each has a built-in topology of the same name. */
export const procedureNames = [
  'vpn',
  'shared-control-plane',
  'gateway',
  'primary-remote',
  'multi-primary',
  'multi-primary-multi-network',
  'external-control-plane',
] as const

/** The versions of helloworld: one for each cluster that a mesh may have. */
export const versions = ['v1', 'v2', 'v3', 'v4'] as const

const not = (what: string) => ({
  error: ({ input }: { input?: unknown }): string => `“${String(input)}” is not ${what}`,
})

/** Istio’s root namespace by default. */
export const defaultIstioNamespace = 'istio-system'

/** The name of Istio’s root namespace: the same in every cluster of a mesh (seed 002). */
export const IstioNamespace = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    not('one to 63 lower-case letters, digits and hyphens, no hyphen first or last'),
  )

/** The same for a lab, whose other namespaces are not Istio’s. */
export const LabIstioNamespace = IstioNamespace.refine(
  (name) => !/^(app1|legacy|default|metallb-system|kube-.*)$/.test(name),
  not('free in a lab: it holds something else there'),
)

const range = (largest: number, smallest: number): z.ZodString =>
  z.string().superRefine((text, context) => {
    const message = rangeProblem(text, largest, smallest)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

/** The schema of a cluster in a topology file. */
export const ClusterSchema = z.strictObject({
  // The node’s name is meshproof-<run id>-<name>-control-plane, and it may have at most 63 characters.
  name: z.string().regex(/^[a-z][a-z0-9]{0,17}$/, not('one to 18 lower-case letters and digits, a letter first')),
  role: z.enum(['primary', 'remote']),
  /** The remote cluster in which the istiod of this primary runs: an external control plane. */
  istiodIn: z.string().optional(),
  // The value of a label.
  network: z
    .string()
    .regex(
      /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
      not('one to 63 lower-case letters, digits and hyphens, a letter first and no hyphen last'),
    ),
  // kubeadm gives a node a /24 of the pod range, and accepts at most 20 bits of service addresses.
  podCidr: range(16, 24),
  serviceCidr: range(12, 24),
  /** The version of helloworld that runs here. */
  version: z.enum(versions).optional(),
})

/**
 * Options that istioctl installs every control plane with. They are parts of an IstioOperator’s specification, and go
 * over those of the lab.
 */
export const OperatorOptions = z.strictObject({
  components: z.record(z.string(), z.unknown()).optional(),
  meshConfig: z.record(z.string(), z.unknown()).optional(),
  values: z.record(z.string(), z.unknown()).optional(),
})

/** The schema of a topology file. */
export const FileSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, not('lower-case words joined by hyphens')),
  /** For people; default: the name. */
  title: z.string().min(1, 'is empty').optional(),
  /** The seed document that the topology follows, if there is one. */
  seed: z.enum(['000', '001', '002', '003'], "must be '000', '001', '002' or '003', in quotes").optional(),
  procedure: z.enum(procedureNames).optional(),
  /** The modes of mutual TLS. The checks run once for each of them. */
  mtls: z
    .array(z.enum(['strict', 'off']))
    .min(1, 'is empty: list strict, off or both')
    .refine((modes) => new Set(modes).size === modes.length, 'lists a mode twice')
    .default(['strict']),
  istioNamespace: LabIstioNamespace.default(defaultIstioNamespace),
  operator: OperatorOptions.optional(),
  clusters: z.array(ClusterSchema).refine(({ length }) => length >= 2 && length <= 4, {
    error: ({ input }) => `lists ${(input as unknown[]).length}: a topology has two to four`,
  }),
})

/** How east-west gateways are made: by the installer, or by istiod from resources of the Gateway API. */
export const gatewayKinds = ['classic', 'gateway-api'] as const

/** How the east-west gateways of a lab are made. */
export type Gateways = (typeof gatewayKinds)[number]

/** A mode of mutual TLS. */
export type Mtls = 'strict' | 'off'
/** The name of a documented procedure for installing a mesh. */
export type ProcedureName = (typeof procedureNames)[number]
/** A cluster of a topology, with every default filled in. */
export type ClusterPlan = Omit<z.infer<typeof ClusterSchema>, 'version'> & { version: (typeof versions)[number] }

/** The content of a valid topology file, with every default filled in. */
export type TopologyFile = Omit<z.infer<typeof FileSchema>, 'title' | 'procedure' | 'clusters'> & {
  title: string
  procedure: ProcedureName
  clusters: ClusterPlan[]
}

/** A topology in one mode of mutual TLS. A lab is created from it. */
export type Topology = Omit<TopologyFile, 'mtls'> & {
  mtls: Mtls
  /**
   * How many pods an east-west gateway has, by default one. A mesh that is upgraded has two, so that one serves while
   * the other is replaced.
   */
  gatewayReplicas?: number
  /** Present where the east-west gateways are resources of the Gateway API. */
  gateways?: 'gateway-api'
  /** The revision of the control planes, where an upgrade has installed one. */
  revision?: string
}

/** The properties of a mesh, of a lab or an existing one, that decide which checks apply to it. */
export type MeshShape = Pick<Topology, 'name' | 'procedure' | 'mtls' | 'gateways'> & {
  clusters: Pick<ClusterPlan, 'name' | 'role' | 'network' | 'version' | 'istiodIn'>[]
}

/** The valid fields of a file, with defaults. Fields that are not valid are missing. */
export type Draft = {
  procedure?: ProcedureName
  clusters: { [Field in keyof ClusterPlan]?: ClusterPlan[Field] | undefined }[]
}

/** Reads the valid fields of a value that may break the schema. */
export const draftOf = (value: unknown): Draft => {
  const { procedure } = validFields({ procedure: FileSchema.shape.procedure }, value)
  const clusters = fieldOf(value, 'clusters')
  return {
    ...(procedure ? { procedure } : {}),
    clusters: Array.isArray(clusters)
      ? clusters.map((cluster, index) => ({
          ...(fieldOf(cluster, 'version') === undefined ? { version: versions[index] } : {}),
          ...validFields(ClusterSchema.shape, cluster),
        }))
      : [],
  }
}

/** Fills in the defaults that depend on other fields. */
export const withDefaults = (file: z.infer<typeof FileSchema>): TopologyFile => {
  const { clusters } = draftOf(file) as { clusters: ClusterPlan[] }
  const several = severalNetworks({ clusters })
  const onePrimary = clusters.filter(({ role }) => role === 'primary').length === 1
  const derived = clusters.some(({ istiodIn }) => istiodIn !== undefined)
    ? 'external-control-plane'
    : onePrimary
      ? several
        ? 'primary-remote'
        : 'vpn'
      : several
        ? 'multi-primary-multi-network'
        : 'multi-primary'
  return { ...file, title: file.title ?? file.name, procedure: file.procedure ?? derived, clusters }
}

const fieldOf = (value: unknown, key: string): unknown => (value as Record<string, unknown> | null | undefined)?.[key]

const validFields = <Shape extends z.ZodRawShape>(shape: Shape, value: unknown): Partial<z.infer<z.ZodObject<Shape>>> =>
  Object.fromEntries(
    Object.entries(shape).flatMap(([key, schema]) => {
      const read = z.safeParse(schema, fieldOf(value, key))
      return read.success && read.data !== undefined ? [[key, read.data]] : []
    }),
  ) as Partial<z.infer<z.ZodObject<Shape>>>
