import { Option, type Command } from 'commander'
import { installers } from '#images/images.ts'
import { defaultIstioNamespace, gatewayKinds } from '#topology/topology-file.ts'

// Flags that several commands share.

/** The flag for the pins of published images and files. */
export const pins = new Option(
  '--pins <file>',
  'use this file instead of fixtures/images/release.yaml: versions, addresses and checksums of what is published',
)

/** The flag for the program that installs the mesh. */
export const installer = new Option(
  '--installer <program>',
  'what installs the mesh: istioctl, or Helm with the charts of the release (default: istioctl)',
).choices([...installers])

/** The flag for how east-west gateways are made. */
export const gateways = new Option(
  '--gateways <kind>',
  'east-west gateways that are installed, or that istiod makes from resources of the Gateway API (default: classic)',
).choices([...gatewayKinds])

/** The flag for the form of the output, of commands that have text and JSON. */
export const output = new Option('--output <form>', 'text for people, json for programs').choices(['text', 'json'])

/** The flag that shows the programs that run. */
export const verbose = new Option('--verbose', 'also show the programs that run, on standard error')

/** How many versions a command takes of each program. */
type Versions = 'one' | 'several'

/** Adds the flags of versions. */
export const withVersions = (command: Command, versions: Versions = 'one'): Command => {
  const [form, more] =
    versions === 'several' ? ['versions', '; several, joined by commas: each combination is a run'] : ['version', '']
  return command
    .option(
      `--istio <${form}>`,
      `Istio: 1.28.3, or 1.28 for its newest patch; cluster1:1.31,cluster2:1.30 for several primaries${more}`,
    )
    .option(`--kubernetes <${form}>`, `Kubernetes: 1.33.7, or 1.33 for its newest patch${more}`)
    .option(`--kind <${form}>`, `kind, which creates the clusters: 0.32.0${more}`)
}

/** The flag for the source of images. */
export const images = new Option('--images <source>', 'where images come from').choices(['auto', 'release', 'source'])

/** The flag for a mirror of everything that is published. */
export const registry = new Option('--registry <host/prefix>', 'take all published images and files from this mirror')

/** The flag for mutual TLS. */
export const mtls = new Option('--mtls <mode>', 'mutual TLS required or off (default: as each topology says)').choices([
  'strict',
  'off',
])

/** The flag for Istio’s root namespace. */
export const istioNamespace = new Option(
  '--istio-namespace <name>',
  `Istio’s root namespace, the same in every cluster (default: what a topology names, else ${defaultIstioNamespace})`,
)

/** The flag for the files that hold contexts. */
export const contextFiles = new Option(
  '--kubeconfig <paths>',
  'files that hold the contexts, joined by “:” (default: KUBECONFIG, then ~/.kube/config)',
)

/** The flag for the istioctl whose messages a diagnosis reads. */
export const istioctl = new Option(
  '--istioctl <path>',
  'the istioctl whose analyze is read for the diagnosis of existing clusters (default: the one on PATH, if any)',
)

/** The flag for a ConfigMap that keeps results. */
export const results = new Option(
  '--results <place>',
  'in a pod: also keep the results in a ConfigMap, configmap:NAMESPACE[/NAME]',
)

/** The flag for the image of echo. */
export const echoImage = new Option(
  '--echo-image <name>',
  'the image of Istio’s echo that the checks of protocols ask (default: built from the source of the release)',
)

/** The flag for charts of one’s own. */
export const charts = new Option('--charts <folder or repository>', 'with --installer=helm: install charts of your own')

/** The flag for existing clusters. */
export const contexts = new Option(
  '--contexts <names>',
  'instead of a lab, the existing clusters of one mesh: their contexts, comma-separated',
)

/** The flag for the folder of a run’s reports. */
export const reportDir = new Option('--report-dir <folder>', 'where the reports go (default: reports/<run id>)')

/** The flag for the longest time of a check. */
export const checkTimeout = new Option('--timeout <seconds>', 'for one check (default: 180)')

/** The flag that keeps a lab. */
export const keep = new Option('--keep', 'keep the lab and print how to use it')

/** The flag that prints what would run. */
export const plan = new Option('--plan', 'print what would run, and run nothing')

/** Adds the flags of labs. */
export const withLabOptions = (command: Command, versions?: Versions): Command =>
  withVersions(
    command
      .option('--topology <names>', 'topologies or topology files, comma-separated, or all (default: all)')
      .addOption(mtls)
      .addOption(istioNamespace)
      .addOption(images)
      .addOption(pins)
      .addOption(registry)
      .addOption(installer)
      .addOption(charts)
      .addOption(gateways),
    versions,
  ).option(
    '--istio-source <folder>',
    'build istiod, the agent and istioctl from this checkout of Istio (implies --images=source)',
  )

/** Adds the flags of commands that make labs. */
export const withRunOptions = (command: Command, versions?: Versions): Command =>
  withLabOptions(command, versions).addOption(output).addOption(verbose).addOption(plan)
