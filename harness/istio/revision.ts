import { defaultIstioNamespace, type Topology } from '#topology/topology-file.ts'

type Revised = Pick<Topology, 'revision'>

/** What a control plane’s objects and proxies are labelled with: `default` for one without a revision. */
export const revisionOf = ({ revision }: Revised): string => revision ?? 'default'

/** The name of a control plane’s deployment and service. */
export const istiodOf = ({ revision }: Revised): string => (revision === undefined ? 'istiod' : `istiod-${revision}`)

/** A control plane as a topology names it, from what its objects are labelled with. */
export const revised = (label = 'default'): { revision?: string } => (label === 'default' ? {} : { revision: label })

/** The label by which a new namespace asks for the sidecars of a revision or of a revision’s tag. */
export const injectionLabel = (revision: string): Record<string, string> =>
  revision === 'default' ? { 'istio-injection': 'enabled' } : { 'istio.io/rev': revision }

/**
 * The name of a control plane’s injector as Istio’s charts have it: with its revision, and with its namespace where
 * that is another than the default.
 */
export const injectorOf = ({ revision, istioNamespace }: Revised & Pick<Topology, 'istioNamespace'>): string =>
  [
    'istio-sidecar-injector',
    ...(revision === undefined ? [] : [revision]),
    ...(istioNamespace === defaultIstioNamespace ? [] : [istioNamespace]),
  ].join('-')

/** The name of the ConfigMap with a control plane’s mesh configuration. */
export const meshConfigOf = ({ revision }: Revised): string => (revision === undefined ? 'istio' : `istio-${revision}`)

/**
 * The labels by which a namespace asks a control plane for sidecars. It must not have those that are null: in Istio the
 * older label wins.
 */
export const injectionLabels = (topology: Revised): Record<string, string | null> => ({
  'istio-injection': null,
  'istio.io/rev': null,
  ...injectionLabel(revisionOf(topology)),
})
