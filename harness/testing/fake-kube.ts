import { MeshproofError } from '#errors.ts'
import { refOf, type KubeClient, type Manifest, type Ref } from '#kube/client.ts'

/** The API of a cluster with a few objects. It adds the fields to an object that a real API server adds. */
export type FakeKube = KubeClient & {
  /** The objects that it holds, without the fields that the server adds. */
  readonly objects: Manifest[]
  /** Kinds whose objects it refuses to apply. */
  readonly refused: Set<string>
}

/** Makes an API that holds these objects. A test that uses another part of the client fails. */
export const fakeKube = (...initial: Manifest[]): FakeKube => {
  const keyOf = ({ apiVersion, kind, name, namespace = '' }: Ref): string =>
    [apiVersion, kind, namespace, name].join(' ')
  const stored = new Map(initial.map((object) => [keyOf(refOf(object)), object]))
  const refused = new Set<string>()
  const unsupported = (): never => {
    throw new Error('the fake API server does not support this call')
  }
  return {
    refused,
    get objects() {
      return [...stored.values()]
    },
    get config() {
      return unsupported()
    },
    get core() {
      return unsupported()
    },
    merge: unsupported,
    dryRun: unsupported,
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
        // A real API server refuses to apply an object with these fields, which only the server sets.
        const serverFields = (['uid', 'resourceVersion', 'managedFields'] as const).filter(
          (field) => object.metadata?.[field] !== undefined,
        )
        if (refused.has(object.kind ?? '') || serverFields.length > 0)
          throw new MeshproofError('MP-402', {
            what: `The API server refused to apply ${object.kind ?? ''} ${serverFields.join(', ')}`,
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
