import type { Writable } from 'node:stream'
import { execa } from 'execa'
import { docker } from '#engine/docker.ts'
import { preloadArguments } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'

/**
 * As kind's own build leaves them in its node images (kind, pkg/build/nodeimage): imported, not unpacked, in
 * containerd's own folder.
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
 * The node image as it is published: `bare` and in it the images that `load` writes an archive of. It gets the name
 * `tag`; `bare` goes.
 * @throws MeshproofError MP-202 when the engine refuses.
 */
export const publishedNode = async (
  bare: string,
  tag: string,
  load: (to: Writable) => Promise<void>,
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
    await Promise.all([load(imported.stdin), imported])
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
