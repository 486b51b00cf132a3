import { MeshproofError } from '#errors.ts'
import { refOf, type KubeClient, type Manifest, type Ref } from '#kube/client.ts'

/** An API server of a few objects, at the edge of the product. What it stores it adorns as a real one does. */
export type FakeKube = KubeClient & {
  /** What stands there now, without what the server adds. */
  readonly objects: Manifest[]
  /** Kinds that it refuses to take from now on. */
  readonly refused: Set<string>
}

/** A cluster’s API that holds these objects. It has no credentials: reading them fails the test. */
export const fakeKube = (...standing: Manifest[]): FakeKube => {
  const keyOf = ({ apiVersion, kind, name, namespace = '' }: Ref): string =>
    [apiVersion, kind, namespace, name].join(' ')
  const stored = new Map(standing.map((object) => [keyOf(refOf(object)), object]))
  const refused = new Set<string>()
  const unasked = (): never => {
    throw new Error('this API server is not asked for that')
  }
  return {
    refused,
    get objects() {
      return [...stored.values()]
    },
    get config() {
      return unasked()
    },
    get core() {
      return unasked()
    },
    merge: unasked,
    dryRun: unasked,
    create: async (object) => {
      if (stored.has(keyOf(refOf(object))))
        throw new MeshproofError('MP-402', {
          what: `The API server refused to create ${object.metadata?.name ?? ''}`,
          why: '409 already exists',
          next: '',
        })
      stored.set(keyOf(refOf(object)), object)
    },
    list: async ({ apiVersion, kind, namespace, selector = '' }) => {
      const [key = '', value] = selector.split('=')
      return [...stored.values()].filter(
        (object) =>
          object.apiVersion === apiVersion &&
          object.kind === kind &&
          (namespace === undefined || object.metadata?.namespace === namespace) &&
          (key === '' ||
            (value === undefined ? key in (object.metadata?.labels ?? {}) : object.metadata?.labels?.[key] === value)),
      ) as never
    },
    apply: async (objects) => {
      for (const object of objects) {
        // A real one refuses an apply that names these as well: they are its own.
        const own = (['uid', 'resourceVersion', 'managedFields'] as const).filter(
          (field) => object.metadata?.[field] !== undefined,
        )
        if (refused.has(object.kind ?? '') || own.length > 0)
          throw new MeshproofError('MP-402', {
            what: `The API server refused to apply ${object.kind ?? ''} ${own.join(', ')}`,
            next: '',
          })
        stored.set(keyOf(refOf(object)), object)
      }
    },
    remove: async (ref) => {
      stored.delete(keyOf(ref))
    },
    get: async (ref) => {
      const object = stored.get(keyOf(ref))
      if (!object) return undefined
      return {
        ...object,
        metadata: Object.assign({}, object.metadata, {
          uid: '7c9e6679',
          resourceVersion: '4711',
          generation: 2,
          creationTimestamp: new Date(0),
          managedFields: [{ manager: 'meshproof', operation: 'Apply' }],
        }),
        status: { observedGeneration: 2 },
      } as never
    },
  }
}
