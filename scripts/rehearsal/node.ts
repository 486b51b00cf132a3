import type { Writable } from 'node:stream'
import { execa } from 'execa'
import { docker } from '#engine/docker.ts'
import { preloadArguments } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'

/**
 * Imports images into containerd's own folder without unpacking them, as kind's build of node images does (kind,
 * pkg/build/nodeimage).
 */
const importImages = `set -eu
containerd > /tmp/containerd.log 2>&1 &
tries=0
until ctr version > /dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { cat /tmp/containerd.log >&2; exit 1; }
  sleep 0.2
done
ctr --namespace k8s.io images import --no-unpack --digests - > /dev/null
kill $!
wait $! || true
rm /tmp/containerd.log`

/**
 * Makes the node image as kind publishes it, with the name `tag`: the image `bare` plus the images of the archive that
 * `writeImages` writes. Removes `bare`.
 * @throws MeshproofError MP-202 when the engine refuses.
 */
export const buildPublishedNode = async (
  bare: string,
  tag: string,
  writeImages: (to: Writable) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> => {
  const container = await docker([
    'run',
    '--detach',
    '--privileged',
    ...preloadArguments(await ownerOf(process.pid)),
    '--entrypoint',
    'sleep',
    bare,
    'infinity',
  ])
  try {
    signal?.throwIfAborted()
    const imported = execa('docker', ['exec', '--interactive', container, 'sh', '-c', importImages], {
      stdin: 'pipe',
      ...(signal ? { cancelSignal: signal } : {}),
    })
    await Promise.all([writeImages(imported.stdin), imported])
    await docker(
      [
        'commit',
        '--change',
        'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]',
        '--change',
        'CMD []',
        container,
        tag,
      ],
      { signal },
    )
  } finally {
    await docker(['rm', '--force', '--volumes', container]).catch(() => undefined)
    await docker(['rmi', bare]).catch(() => undefined)
  }
}
