import { defaultIstioNamespace, type Topology } from '#topology/topology-file.ts'

type Revised = Pick<Topology, 'revision'>

/** What a control plane’s objects and proxies are labelled with: `default` for one without a revision. */
export const revisionOf = ({ revision }: Revised): string => revision ?? 'default'

/** The name of a control plane’s deployment and service. */
export const istiodOf = ({ revision }: Revised): string => (revision === undefined ? 'istiod' : `istiod-${revision}`)

/**
 * The name of a control plane’s injector, as Istio’s charts have it: with its revision, and with its namespace where
 * that is another than the default.
 */
export const injectorOf = ({ revision, istioNamespace }: Revised & Pick<Topology, 'istioNamespace'>): string =>
  [
    'istio-sidecar-injector',
    ...(revision === undefined ? [] : [revision]),
    ...(istioNamespace === defaultIstioNamespace ? [] : [istioNamespace]),
  ].join('-')

/**
 * The labels by which a namespace asks a control plane for sidecars; what is null, it must not have (Istio: the older
 * label wins).
 */
export const injectionLabels = ({ revision }: Revised): Record<string, string | null> =>
  revision === undefined
    ? { 'istio-injection': 'enabled', 'istio.io/rev': null }
    : { 'istio-injection': null, 'istio.io/rev': revision }
