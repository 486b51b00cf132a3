/**
 * The annotation on the root namespace of a remote cluster that names the clusters whose istiods may write there: root
 * certificates of namespaces, and the certificates of webhooks (Istio’s primary-remote guide).
 */
export const leadersAnnotation = 'topology.istio.io/controlPlaneClusters'
