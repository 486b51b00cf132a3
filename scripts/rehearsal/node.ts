import type { Writable } from 'node:stream'
import { docker } from '#engine/docker.ts'
import { addImagesToNode } from '#images/node-image.ts'

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
  try {
    await addImagesToNode({ from: bare, tag, script: [importImages], writeImages, signal })
  } finally {
    await docker(['rmi', bare]).catch(() => undefined)
  }
}
