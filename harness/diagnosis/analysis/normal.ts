import type { AnalysisMessage } from '#istio/analyze.ts'
import type { Survey } from '#probes/survey/survey.ts'

/**
 * Messages that say nothing of a mesh of several clusters: registries of meshNetworks, which istioctl knows by other
 * names, failures of istioctl itself, and rights that only an installation needs.
 */
const withoutMeaning = new Set(['IST0001', 'IST0126', 'IST0141'])

/**
 * Whether what istioctl analyze reports is normal here. It looks at one cluster, and a control plane knows the services
 * and pods of all of them.
 */
export const isNormal = async (mesh: Survey, { code, level, object, text }: AnalysisMessage): Promise<boolean> => {
  if (withoutMeaning.has(code) || !/^(?:error|warning)$/i.test(level)) return true
  const host = /^Referenced (?:mirror )?host not found: "([^"]+)"/.exec(text)?.[1]
  if (code === 'IST0101' && host !== undefined) return existsAnywhere(mesh, host, namespaceOf(object))
  return false
}

/** The namespace of an object: `VirtualService shop/canary` is of shop. */
const namespaceOf = (object: string): string => / ([^/ ]+)\//.exec(object)?.[1] ?? ''

const existsAnywhere = async ({ clusters, domain }: Survey, host: string, namespace: string): Promise<boolean> => {
  const services = (await Promise.all(clusters.map(({ reads }) => reads.services()))).flat()
  const suffix = `.svc.${domain}`
  const short = host.endsWith(suffix) ? host.slice(0, -suffix.length) : host.replace(/\.svc$/, '')
  return services.some(({ metadata }) => {
    const [name = '', own = ''] = [metadata?.name, metadata?.namespace]
    return short === `${name}.${own}` || (short === name && own === namespace)
  })
}
