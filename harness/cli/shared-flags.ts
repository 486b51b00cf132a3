import { Option, type Command } from 'commander'
import { installers } from '#images/images.ts'
import { gatewayKinds } from '#topology/topology-file.ts'

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

/** Adds the flags of versions; `several` where they accept lists. */
export const withVersions = (command: Command, several = false): Command => {
  const [form, more] = several
    ? ['versions', '; several, joined by commas: each combination is a run']
    : ['version', '']
  return command
    .option(
      `--istio <${form}>`,
      `Istio: 1.28.3, or 1.28 for its newest patch; cluster1:1.31,cluster2:1.30 for several primaries${more}`,
    )
    .option(`--kubernetes <${form}>`, `Kubernetes: 1.33.7, or 1.33 for its newest patch${more}`)
    .option(`--kind <${form}>`, `kind, which creates the clusters: 0.32.0${more}`)
}
