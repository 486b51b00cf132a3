import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { GatewayApiFiles } from './images.ts'
import { moduleFolder } from './source/go.ts'

/** The version in the name of a module’s folder: `gateway-api@v1.6.3`. */
const versionIn = (folder: string): string => basename(folder).split('@')[1] ?? ''

/**
 * The standard channel of the Gateway API, from its Go module: the same files that its project publishes.
 * @throws MeshproofError MP-310 without Go, MP-311 on a wrong checksum, MP-312 when the module cannot be had.
 */
export const sourceGatewayApi = async (): Promise<GatewayApiFiles> => {
  const module = await moduleFolder('gateway-api', 'sigs.k8s.io/gateway-api')
  const folder = join(module, 'config/crd/standard')
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort()
  return { version: versionIn(module), manifests: files.map((file) => join(folder, file)) }
}
