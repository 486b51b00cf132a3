import { z } from 'zod'
import { installers } from '#images/images.ts'
import { gatewayKinds, IstioNamespace } from '#topology/topology-schema.ts'

/** A list of names, comma-separated. */
export const list = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  )
  .refine((parts) => parts.length > 0, 'it names nothing')

/** A whole number within limits. Any other value is refused in words that name the limits. */
export const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER, unit = ''): z.ZodCoercedNumber => {
  const limits = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`
  const error = `it takes a whole number${unit && ` of ${unit}`}${limits}`
  return z.coerce.number({ error }).int({ error }).min(least, { error }).max(most, { error })
}

/** The flag for the name of an option: `istioSource` gives `--istio-source`. */
export const flagOf = (name: string): string => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** The flags of `test`, `up` and `prove`, validated. */
export const RunOptions = z.object({
  topology: list.default(['all']),
  /** The contexts of existing clusters. */
  contexts: list.optional(),
  /** Kubeconfig files, joined by “:”. */
  kubeconfig: z.string().optional(),
  /** The path of an istioctl that is asked about existing clusters. */
  istioctl: z.string().optional(),
  /** Overrides the modes that the topologies name. */
  mtls: z.enum(['strict', 'off']).optional(),
  /** Istio’s root namespace; overrides the one that a topology names. */
  istioNamespace: IstioNamespace.optional(),
  suite: list.default([]),
  images: z.enum(['auto', 'release', 'source']).default('auto'),
  /** A file of pins for published artifacts, in the format of fixtures/images/release.yaml. */
  pins: z.string().optional(),
  /** The mirror that all published artifacts come from. */
  registry: z
    .string()
    .regex(/^[\w.-]+(:\d+)?(\/[a-z0-9._/-]*[a-z0-9])?$/, 'a host, or a host and a prefix')
    .optional(),
  istio: z.string().optional(),
  kubernetes: z.string().optional(),
  /** The version of kind that makes the clusters. */
  kind: z
    .string()
    .regex(/^v?\d+\.\d+\.\d+$/, 'a whole version: 0.32.0')
    .optional(),
  /** A checkout of Istio to build it from. */
  istioSource: z.string().optional(),
  /** What installs the mesh. Without the flag istioctl does, and `--reuse` takes a lab of any installer. */
  installer: z.enum(installers).optional(),
  /** Charts of one’s own: a folder, or a repository. */
  charts: z.string().optional(),
  /** How east-west gateways are made. Without the flag it is classic, and `--reuse` takes a lab of either kind. */
  gateways: z.enum(gatewayKinds).optional(),
  /** The image of echo, Istio’s test server, which the checks of protocols ask. */
  echoImage: z
    .string()
    .regex(/^[\w.:/@-]+$/, 'the name of an image')
    .optional(),
  reportDir: z.string().optional(),
  /**
   * Also keeps the results in a ConfigMap of the pod’s own cluster: `configmap:NAMESPACE` or
   * `configmap:NAMESPACE/NAME`.
   */
  results: z
    .string()
    .regex(/^configmap:[a-z0-9-]+(\/[a-z0-9.-]+)?$/, 'it is configmap:NAMESPACE or configmap:NAMESPACE/NAME')
    .optional(),
  output: z.enum(['text', 'json']).default('text'),
  /** Seconds for one check, both attempts together. */
  timeout: wholeNumber(5, 3600, 'seconds').default(180),
  plan: z.boolean().default(false),
  keep: z.boolean().default(false),
  /** A run id, or true for the newest kept lab. */
  reuse: z.union([z.string(), z.boolean()]).default(false),
  failFast: z.boolean().default(false),
  /** Also shows the programs that run. */
  verbose: z.boolean().optional(),
  /** How often the checks are run. */
  repeat: wholeNumber(1, 100).default(1),
  /** Each repetition has a lab of its own. */
  fresh: z.boolean().default(false),
  /** The file of a private key, with which the report is signed. */
  attest: z.string().optional(),
  /** A folder for the files that Prow and TestGrid read. */
  artifacts: z.string().optional(),
})
export type RunOptions = z.infer<typeof RunOptions>

const several = (option: z.ZodOptional<z.ZodString>): z.ZodOptional<z.ZodType<string[], string>> =>
  list.pipe(z.array(option.unwrap())).optional()

/** A list of versions, or as one of them a version for each cluster: `cluster1:1.31,cluster2:1.30`. */
const severalIstio = z
  .string()
  .transform((text) => (text.includes(':') ? [text] : text.split(',')))
  .pipe(z.array(z.string().trim()).transform((versions) => versions.filter(Boolean)))
  .refine((versions) => versions.length > 0, 'it names nothing')
  .optional()

/** The flags of `test`. It takes several versions, and every combination of versions is a cell. */
export const TestOptions = z.object({
  ...RunOptions.shape,
  istio: severalIstio,
  kubernetes: several(RunOptions.shape.kubernetes),
  kind: several(RunOptions.shape.kind),
})
export type TestOptions = z.infer<typeof TestOptions>
