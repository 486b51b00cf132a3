import type { CodeEntry } from './entry.ts'

/** Errors of published images and files, mirrors and archives. */
export const publishedImageCodes = {
  'MP-311': {
    cause: 'a file is not the one that is pinned',
    shows:
      'The checksum of a download, a Go module or a wheel is another than the pinned one. It was refused, and ' +
      'nothing was cached.',
    fix:
      'Look at what stands between this machine and the host that the file comes from: a proxy, a mirror, a module ' +
      'proxy.',
  },
  'MP-320': {
    cause: 'a registry or a download site does not answer',
    shows: 'The message names the host and why. With --images=auto the run goes on with images built from source.',
    fix:
      'Let this machine reach the host (HTTPS_PROXY and NO_PROXY are honoured; the engine has its own settings), ' +
      'use a mirror with --registry, or use --images=source.',
  },
  'MP-321': {
    cause: 'a published file could not be downloaded',
    shows:
      'The host says that it is not there, or the download breaks off or stands still again and again. The message ' +
      'says which.',
    fix: 'Run the same command again: what was downloaded so far is cached. Or use --images=source.',
  },
  'MP-322': {
    cause: 'nothing is published for this platform',
    shows: 'No kind or istioctl is pinned for this operating system and processor.',
    fix: 'Run on Linux (amd64 or arm64), or use --images=source. The pins are in fixtures/images/release.yaml.',
  },
  'MP-323': {
    cause: 'a published image could not be pulled or pushed',
    shows: 'The message names the image and holds the engine’s own words.',
    fix: 'Run the same command again: layers that arrived are kept. Or use --images=source.',
  },
  'MP-330': {
    cause: 'the pins of published images cannot be read',
    shows: 'The file of --pins cannot be read or is not of the form that it must have. The message names the field.',
    fix: 'Take fixtures/images/release.yaml as a pattern.',
  },
  'MP-331': {
    cause: 'skopeo is not installed',
    shows:
      'skopeo reads tags and digests of registries and copies images. meshproof installs it as root on a ' +
      'Debian-family system alone.',
    fix: 'Install skopeo; the message holds the command for this machine.',
  },
  'MP-332': {
    cause: 'a registry refused a request',
    shows: 'The message names the image or repository and holds the registry’s own words.',
    fix: 'Look at the name, and whether docker is logged in to that registry: `docker login HOST`.',
  },
  'MP-333': {
    cause: 'no release of that minor version is published',
    shows: 'A version like 1.33 was asked for, and its registry has no image of any patch of it.',
    fix: 'Name a version that is published. `meshproof images list --images=release` shows those that are pinned.',
  },
  'MP-334': {
    cause: 'an image is not published',
    shows: '`images mirror` finds no such image at its publisher. The message names it.',
    fix: 'Name versions that are published.',
  },
  'MP-335': {
    cause: 'a file is no archive of images',
    shows: '`images load` was given a file that cannot be read, or an archive of something else.',
    fix: 'Write one with `meshproof images save FILE`.',
  },
} as const satisfies Record<string, CodeEntry>
