import { z } from 'zod'
import { rangeProblem } from './address-range.ts'
import { severalNetworks } from './networks.ts'

/** The documented procedures that install a mesh; each has a built-in topology of its name. */
export const procedureNames = [
  'vpn',
  'shared-control-plane',
  'gateway',
  'primary-remote',
  'multi-primary',
  'multi-primary-multi-network',
] as const

/** The versions of helloworld: one for each cluster that a mesh may have. */
export const versions = ['v1', 'v2', 'v3', 'v4'] as const

const not = (what: string) => ({
  error: ({ input }: { input?: unknown }): string => `“${String(input)}” is not ${what}`,
})

const range = (largest: number, smallest: number): z.ZodString =>
  z.string().superRefine((text, context) => {
    const message = rangeProblem(text, largest, smallest)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

export const ClusterSchema = z.strictObject({
  // The node is called meshproof-<run id>-<name>-control-plane, and a node’s name has 63 characters at most.
  name: z.string().regex(/^[a-z][a-z0-9]{0,17}$/, not('one to 18 lower-case letters and digits, a letter first')),
  role: z.enum(['primary', 'remote']),
  // The value of a label.
  network: z
    .string()
    .regex(
      /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
      not('one to 63 lower-case letters, digits and hyphens, a letter first and no hyphen last'),
    ),
  // kubeadm gives a node a /24 of the pod range, and takes a service range of 20 bits at most.
  podCidr: range(16, 24),
  serviceCidr: range(12, 24),
  /** The version of helloworld that runs here. */
  version: z.enum(versions).optional(),
})

export const FileSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, not('lower-case words joined by hyphens')),
  title: z.string().min(1, 'is empty'),
  /** The document it follows; a topology of our own making has none. */
  seed: z.enum(['000', '001', '002', '003'], "must be '000', '001', '002' or '003', in quotes").optional(),
  procedure: z.enum(procedureNames).optional(),
  /** It is proven once for each of these. */
  mtls: z
    .array(z.enum(['strict', 'off']))
    .min(1, 'is empty: list strict, off or both')
    .refine((modes) => new Set(modes).size === modes.length, 'lists a mode twice')
    .default(['strict']),
  clusters: z.array(ClusterSchema).refine(({ length }) => length >= 2 && length <= 4, {
    error: ({ input }) => `lists ${(input as unknown[]).length}: a topology has two to four`,
  }),
})

export type Mtls = 'strict' | 'off'
export type ProcedureName = (typeof procedureNames)[number]
export type ClusterPlan = Omit<z.infer<typeof ClusterSchema>, 'version'> & { version: (typeof versions)[number] }

/** A topology’s file, validated and with every default filled in: the part of a topology that is data. */
export type TopologyFile = Omit<z.infer<typeof FileSchema>, 'procedure' | 'clusters'> & {
  procedure: ProcedureName
  clusters: ClusterPlan[]
}

/** One variant of a topology: what a lab is made from. */
export type Topology = Omit<TopologyFile, 'mtls'> & {
  mtls: Mtls
  /**
   * How many proxies an east-west gateway has; default: one. A mesh that is upgraded has two, so that one is there
   * while the other is replaced.
   */
  gatewayReplicas?: number
  /** The revision of its control planes, where an upgrade has given them one. */
  revision?: string
}

/** What of a mesh decides which checks it gets, whether it was planned or found. */
export type MeshShape = Pick<Topology, 'name' | 'procedure' | 'mtls'> & {
  clusters: Pick<ClusterPlan, 'name' | 'role' | 'network' | 'version'>[]
}

/** What of a file is valid, each field for itself and with its default; the rest is left out. */
export type Draft = {
  procedure?: ProcedureName
  clusters: { [Field in keyof ClusterPlan]?: ClusterPlan[Field] | undefined }[]
}

/** Reads what can be read of a value that may break the schema. */
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
export const complete = (file: z.infer<typeof FileSchema>): TopologyFile => {
  const { clusters } = draftOf(file) as { clusters: ClusterPlan[] }
  const several = severalNetworks({ clusters })
  const onePrimary = clusters.filter(({ role }) => role === 'primary').length === 1
  const derived = onePrimary
    ? several
      ? 'primary-remote'
      : 'vpn'
    : several
      ? 'multi-primary-multi-network'
      : 'multi-primary'
  return { ...file, procedure: file.procedure ?? derived, clusters }
}

const fieldOf = (value: unknown, key: string): unknown => (value as Record<string, unknown> | null | undefined)?.[key]

const validFields = <Shape extends z.ZodRawShape>(shape: Shape, value: unknown): Partial<z.infer<z.ZodObject<Shape>>> =>
  Object.fromEntries(
    Object.entries(shape).flatMap(([key, schema]) => {
      const read = z.safeParse(schema, fieldOf(value, key))
      return read.success && read.data !== undefined ? [[key, read.data]] : []
    }),
  ) as Partial<z.infer<z.ZodObject<Shape>>>
