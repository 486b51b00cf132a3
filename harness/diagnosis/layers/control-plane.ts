import type { V1MutatingWebhook, V1Namespace, V1Pod } from '@kubernetes/client-node'
import type { SurveyedCluster } from '#survey/survey.ts'
import { isReady } from '#kube/pods.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { outsideAddresses } from '#istio/service-address.ts'
import { primariesOf } from '#topology/roles.ts'
import { certificatesIn } from '#probes/envoy.ts'
import { addressesBehind } from '#diagnosis/addresses.ts'
import { kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'

/**
 * istiod runs, and every cluster’s sidecar injector leads to it with the right certificate (istio/istio#42327,
 * istio/istio#42942).
 */
export const controlPlane: Layer = {
  name: 'control',
  look: async (mesh, probe) => {
    const primaries = primariesOf(mesh)
    if (primaries.length === 0)
      return {
        seen: '',
        findings: [
          {
            code: 'MP-852',
            where: mesh.clusters.map(({ name }) => name).join(', '),
            evidence: [`no deployment labelled app=istiod in ${mesh.istioNamespace} of any of them`],
            fix: 'kubectl config get-contexts',
          },
        ],
      }
    const pods = await Promise.all(
      primaries.map(async (cluster) => ({ cluster, ready: (await cluster.reads.istiodPods()).filter(isReady) })),
    )
    const down = pods
      .filter(({ ready }) => ready.length === 0)
      .map(({ cluster }): Finding => ({
        code: 'MP-851',
        where: cluster.name,
        evidence: [`no pod labelled app=istiod in ${mesh.istioNamespace} is ready`],
        fix: kubectl(cluster, `-n ${mesh.istioNamespace} describe deployment istiod`),
      }))
    if (down.length > 0) return { findings: down, seen: '' }
    const perCluster = await Promise.all(
      mesh.clusters.map(async (cluster) => [
        ...(await injectorProblems(cluster)),
        ...(await elsewhere(cluster, servedBy(mesh, cluster))),
        ...(await sidecarProblems(cluster)),
      ]),
    )
    const refused = perCluster.flat().length > 0 ? [] : ((await probe?.refusedInjections()) ?? [])
    return {
      findings: [...perCluster.flat(), ...refused],
      seen:
        `${pods.map(({ cluster, ready }) => `${cluster.name} ${ready.length} istiod ready`).join(', ')}; injectors ` +
        `of ${mesh.clusters.map(({ name }) => name).join(', ')} lead there${probe ? ', and inject' : ''}`,
    }
  },
}

const injectorProblems = async (cluster: SurveyedCluster): Promise<Finding[]> => {
  const [injectors, map, own] = await Promise.all([
    cluster.reads.injectors(),
    cluster.reads.configMap('istio-ca-root-cert'),
    cluster.reads.configMap('kube-root-ca.crt'),
  ])
  const roots = certificatesIn(map?.data?.['root-cert.pem'] ?? '').map(({ fingerprint256 }) => fingerprint256)
  // istiod may also have its certificate from Kubernetes.
  const accepted = [
    ...roots,
    ...certificatesIn(own?.data?.['ca.crt'] ?? '').map(({ fingerprint256 }) => fingerprint256),
  ]
  const perInjector = await Promise.all(
    injectors.map(async ({ metadata, webhooks }) => {
      const [webhook] = webhooks ?? []
      const where = `${cluster.name} ${metadata?.name ?? ''}`
      const fix = kubectl(cluster, `get mutatingwebhookconfiguration ${metadata?.name ?? ''} -o yaml`)
      const bundle = certificatesIn(Buffer.from(webhook?.clientConfig.caBundle ?? '', 'base64').toString())
      if (bundle.length === 0) return [{ code: 'MP-853' as const, where, evidence: ['caBundle is empty'], fix }]
      if (roots.length > 0 && !bundle.some(({ fingerprint256 }) => accepted.includes(fingerprint256))) {
        return [
          {
            code: 'MP-853' as const,
            where,
            evidence: [
              `caBundle holds ${bundle.map((one) => one.fingerprint256.slice(0, 11)).join(', ')}…, the control ` +
                `plane’s root is ${roots.map((root) => root.slice(0, 11)).join(', ')}…`,
            ],
            fix,
          },
        ]
      }
      const service = webhook?.clientConfig.service
      if (!service) return []
      const behind = await addressesBehind(cluster, service.namespace, service.name)
      return behind.length > 0
        ? []
        : [
            {
              code: 'MP-854' as const,
              where,
              evidence: [`the injector’s service ${service.namespace}/${service.name} has no endpoints`],
              fix: kubectl(
                cluster,
                `-n ${service.namespace} get endpointslices -l kubernetes.io/service-name=${service.name}`,
              ),
            },
          ]
    }),
  )
  return perInjector.flat()
}

/** Where a remote’s proxies and webhook look for istiod is where its control plane can be found. */
const elsewhere = async (cluster: SurveyedCluster, serving: SurveyedCluster | undefined): Promise<Finding[]> => {
  if (cluster.role === 'primary' || !serving) return []
  const [pods, services, injectors] = await Promise.all([
    serving.reads.istiodPods(),
    serving.reads.services(),
    cluster.reads.injectors(),
  ])
  const offered = services
    .filter(({ spec }) => spec?.ports?.some(({ port }) => port === 15012))
    .flatMap((service) => [...outsideAddresses(service), ...(service.spec?.clusterIPs ?? [])])
  const known = [...pods.filter(isReady).flatMap(({ status }) => status?.podIP ?? []), ...offered]
  const names = new Set(
    injectors.flatMap(({ webhooks }) =>
      (webhooks ?? []).flatMap(({ clientConfig }: V1MutatingWebhook) => clientConfig.service?.name ?? []),
    ),
  )
  const { istioNamespace } = cluster
  const looked = (await Promise.all([...names].map((name) => addressesBehind(cluster, istioNamespace, name)))).flat()
  const strange = looked.filter((address) => !known.includes(address))
  return strange.length === 0
    ? []
    : [
        {
          code: 'MP-855',
          where: cluster.name,
          evidence: [
            `${cluster.name} looks for istiod at ${strange.join(', ')}`,
            `${serving.name} offers it at ${known.join(', ')}`,
          ],
          fix: kubectl(cluster, `-n ${istioNamespace} get endpointslices -l kubernetes.io/service-name=istiod`),
        },
      ]
}

/** A namespace asks by either label; by the second one alone where it does not have the first. */
const asks = ({ metadata }: V1Namespace): boolean => {
  const { 'istio-injection': injection, 'istio.io/rev': revision } = metadata?.labels ?? {}
  return injection === 'enabled' || (injection === undefined && revision !== undefined)
}

/** What pods have is what their namespace asks for (istio/istio#28798). */
const sidecarProblems = async (cluster: SurveyedCluster): Promise<Finding[]> => {
  const [namespaces, proxies, injectors] = await Promise.all([
    cluster.reads.namespaces(),
    cluster.reads.proxies(),
    cluster.reads.injectors(),
  ])
  const byDefault = injectors.some(({ webhooks }) => (webhooks ?? []).some(({ name }) => name.startsWith('auto.')))
  const perNamespace = await Promise.all(
    namespaces.map(async (namespace): Promise<Finding[]> => {
      const name = namespace.metadata?.name ?? ''
      if (asks(namespace)) {
        const bare = (await cluster.reads.podsIn(name)).filter(
          (pod) => pod.status?.phase === 'Running' && !proxyOf(pod) && !optsOut(pod),
        )
        return bare.length === 0
          ? []
          : [
              {
                code: 'MP-857',
                where: `${cluster.name} ${name}`,
                evidence: bare.slice(0, 5).map(({ metadata }) => `${metadata?.name ?? ''} has no sidecar`),
                fix: kubectl(cluster, `-n ${name} rollout restart deployment`),
              },
            ]
      }
      const sidecars = proxies.filter(
        (pod) =>
          pod.metadata?.namespace === name &&
          proxyOf(pod)?.args?.includes('sidecar') &&
          pod.metadata.labels?.['sidecar.istio.io/inject'] !== 'true',
      )
      if (sidecars.length === 0 || byDefault) return []
      return [
        {
          code: 'MP-858',
          where: `${cluster.name} ${name}`,
          evidence: [
            `${sidecars.length} pods have sidecars; the namespace has neither istio-injection=enabled nor istio.io/rev`,
          ],
          fix: kubectl(cluster, `label --overwrite namespace ${name} istio-injection=enabled`),
        },
      ]
    }),
  )
  return perNamespace.flat()
}

const optsOut = ({ metadata, spec }: V1Pod): boolean =>
  spec?.hostNetwork === true ||
  metadata?.deletionTimestamp !== undefined ||
  (metadata?.labels?.['sidecar.istio.io/inject'] ?? metadata?.annotations?.['sidecar.istio.io/inject']) === 'false'
