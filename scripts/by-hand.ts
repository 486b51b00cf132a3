import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Images } from '#images/images.ts'

/** Path of the script that brings a lab up without the harness. */
export const byHandScript = join(import.meta.dirname, 'by-hand.sh')

/** Whether that script has the steps of a topology: its own usage names those that it has. */
export const hasStepsByHand = async (topology: string): Promise<boolean> => {
  const [, topologies = ''] = /usage: by-hand\.sh (\S+)'/.exec(await readFile(byHandScript, 'utf8')) ?? []
  return topologies.split('|').includes(topology)
}

/**
 * The environment of that script: an unused name, and the images that the harness’s labs use. `restricted`: this host
 * cannot grant every capability to a container.
 */
export const byHandEnvironment = ({ roles, ...images }: Images, restricted: boolean): Record<string, string> => ({
  NAME: `byhand-${process.pid}-${randomBytes(2).toString('hex')}`,
  KIND: images.kind,
  ISTIOCTL: images.istioctl,
  KUBECTL: images.kubectl,
  IMAGES: images.source,
  NODE_IMAGE: images.node,
  METALLB_MANIFEST: images.loadBalancerManifest,
  RESTRICTED: restricted ? '1' : '',
  ISTIO_HUB: roles['hub'] ?? '',
  ISTIO_TAG: roles['tag'] ?? '',
  COREDNS_TAG: roles['coredns'] ?? '',
  CURL_IMAGE: roles['curl'] ?? '',
  HELLOWORLD_V1: roles['helloworld-v1'] ?? '',
  HELLOWORLD_V2: roles['helloworld-v2'] ?? '',
})
