/**
 * The object that made a part of a proxy’s configuration, `VirtualService app1/canary`; empty where none did. Istio
 * writes its path: /apis/networking.istio.io/v1/namespaces/app1/virtual-service/canary.
 */
export const objectOf = (path: string | undefined): string => {
  const [, namespace, kind, name] = /\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path ?? '') ?? []
  if (namespace === undefined || kind === undefined || name === undefined) return ''
  const words = kind.split('-').map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`)
  return `${words.join('')} ${namespace}/${name}`
}
