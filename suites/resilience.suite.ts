import { because, check, expect, inTime, onSeveralNetworks, where, whereRequestsCross, withMutualTls } from '#suite.ts'
import {
  endpointsHeld,
  expectChangesFollowed,
  proxiesInSync,
  clusterToDisrupt,
  nothingLost,
  secondsSince,
  trafficSummary,
  trustedRoots,
  isWhole,
  withNewPods,
} from './disrupted.ts'
import { everyClientSees, versionsIn } from './every-client.ts'

/** What these checks have in common. */
const disruptive = { layer: 'resilience', from: 'mesh', alone: 'in the mesh' } as const

/**
 * The checks of this layer, in the order of the catalogue. They disrupt a running mesh, measure the loss, and restore
 * the mesh. They run on demand, one at a time, and each runs once.
 */
export const resilience = [
  check(
    {
      ...disruptive,
      id: 'resilience.gateway-restart',
      title: 'no request is lost while east-west gateways of two replicas restart; with one replica it is measured',
      source: 'issue 6, disruption without an upgrade: two replicas lose nothing',
      disrupts: { seconds: 240 },
      applies: where(onSeveralNetworks, withMutualTls),
    },
    async ({ mesh }) => {
      const { withGatewayReplicas, restartGateways } = mesh.disruptions()
      const oneReplica = await withGatewayReplicas(1, () => mesh.underTraffic(restartGateways))
      const twoReplicas = await withGatewayReplicas(2, () => nothingLost(mesh, restartGateways, 'MP-790'))
      return `two replicas: ${twoReplicas}; one: ${trafficSummary(mesh.clusters, oneReplica)}`
    },
  ),
  check(
    {
      ...disruptive,
      id: 'resilience.istiod-down',
      title:
        'without istiod for a minute no request is lost and no new pod comes to be; once it is back, the pod has ' +
        'its sidecar and answers',
      source:
        'Istio’s deployment model: proxies go on without their control plane; its injection webhook fails ' +
        'closed; issue 6, disruption without an upgrade',
      disrupts: { seconds: 360 },
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      const { withoutIstiod } = mesh.disruptions()
      const meanwhile = await nothingLost(
        mesh,
        () =>
          withoutIstiod(60_000, () =>
            withNewPods(mesh, async () => {
              const pods = await mesh.watch(
                () => Promise.all(mesh.clusters.map((cluster) => cluster.sleepPods())),
                15_000,
              )
              for (const { total } of pods.flat()) expect(total, because('MP-792')).toBe(1)
            }),
          ),
        'MP-791',
      )
      const since = Date.now()
      await withNewPods(mesh, async () => {
        const ready = await mesh.eventually(
          async () =>
            (await Promise.all(mesh.clusters.map((cluster) => cluster.sleepPods()))).every((pods) => pods.ready === 2),
          90_000,
        )
        expect(ready, because('MP-793')).toBe(true)
      })
      const seconds = secondsSince(since)
      expect(await mesh.eventually(() => proxiesInSync(mesh)), because('MP-793')).toBe(true)
      return `${meanwhile}; a new pod was ready in ${seconds} s once istiod was back`
    },
  ),
  check(
    {
      ...disruptive,
      id: 'resilience.api-server-down',
      title:
        'without the API server of another cluster no request is lost, and once it is back its changes are ' +
        'followed again',
      source: 'istio/istio#38440: a watch that has stalled; issue 6, disruption without an upgrade',
      disrupts: { seconds: 300 },
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      const struck = clusterToDisrupt(mesh)
      const meanwhile = await nothingLost(
        mesh,
        () => mesh.disruptions().withoutApiServer(struck.name, 20_000),
        'MP-794',
      )
      const seconds = await expectChangesFollowed(mesh, struck, 'MP-795')
      return `${struck.name}: ${meanwhile}; its changes are followed ${seconds} s later`
    },
  ),
  check(
    {
      ...disruptive,
      id: 'resilience.remote-secret',
      title:
        'a remote secret is rotated without a lost request; without it a cluster’s endpoints go, and with it ' +
        'they come back',
      source: 'istio/istio#61043, #60612: a rotation that wipes or ignores endpoints',
      disrupts: { seconds: 300 },
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      const struck = clusterToDisrupt(mesh)
      const { rotateRemoteSecret, withoutRemoteSecret } = mesh.disruptions()
      const watching = mesh.controlPlanes.filter(({ watches }) => watches.includes(struck.name))
      const held = (): Promise<string[][]> => endpointsHeld(watching, struck.name)
      const rotated = await nothingLost(
        mesh,
        async () => {
          await rotateRemoteSecret(struck.name)
          // A faulty rotation removes the endpoints a moment later.
          for (const endpoints of (await mesh.watch(held, 10_000)).flat())
            expect(endpoints, because('MP-796')).not.toEqual([])
        },
        'MP-796',
      )
      for (const controlPlane of watching)
        expect((await controlPlane.remoteAccess(struck.name))?.withToken, because('MP-796')).toBe(200)
      await expectChangesFollowed(mesh, struck, 'MP-796')
      await withoutRemoteSecret(struck.name, async () => {
        const gone = await mesh.eventually(async () => (await held()).flat().length === 0, 30_000)
        expect(gone, because('MP-796')).toBe(true)
        await everyClientSees(mesh, versionsIn(mesh.othersThan(struck)), 'MP-796', {
          clients: mesh.clusters.filter(({ name }) => watching.some(({ cluster }) => cluster === name)),
        })
      })
      const back = await expectChangesFollowed(mesh, struck, 'MP-796')
      await everyClientSees(mesh, mesh.versions, 'MP-796')
      return `${struck.name} rotated: ${rotated}; removed: its endpoints went, and came back in ${back} s`
    },
  ),
  check(
    {
      ...disruptive,
      id: 'resilience.node-restart',
      title:
        'when a cluster’s node restarts, the others’ own versions go on answering, and all is whole again ' +
        'without anybody’s help',
      source: 'issue 6, disruption without an upgrade: node restart of each cluster',
      disrupts: { seconds: 480 },
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      const reports: string[] = []
      for (const struck of mesh.clusters.toReversed()) {
        const others = mesh.othersThan(struck)
        const began = Date.now()
        const traffic = await mesh.underTraffic(async () => {
          await mesh.disruptions().restartNode(struck.name)
          expect(await mesh.eventually(() => isWhole(mesh), 90_000), because('MP-797')).toBe(true)
        }, others)
        for (const [index, { version }] of others.entries())
          expect(traffic[index]?.versions, because('MP-797')).toContain(version)
        reports.push(
          `${struck.name} whole after ${secondsSince(began)} s, meanwhile ${trafficSummary(others, traffic)}`,
        )
        await expectChangesFollowed(mesh, struck, 'MP-795')
        await mesh.disruptions().freshIstiod(struck.name)
      }
      return reports.join('; ')
    },
  ),
  check(
    {
      ...disruptive,
      id: 'resilience.address-changed',
      title:
        'another address of a load balancer is followed: by itself where gateways are found by their label, else ' +
        'once it is written where it was written down',
      source:
        'seed 000: the gateway’s address is patched into meshNetworks; Istio’s primary-remote guide: the remote ' +
        'profile names its control plane’s address',
      disrupts: { seconds: 300 },
      applies: where(
        whereRequestsCross,
        ({ procedure }) =>
          !['shared-control-plane', 'multi-primary'].includes(procedure) ||
          'nothing is known by a load balancer’s address',
      ),
    },
    async ({ mesh }) => {
      const { moveAddress, followAddresses, gatewaysFound } = mesh.disruptions()
      const reports: string[] = []
      for (const struck of mesh.clusters) {
        const moved = await inTime('MP-798', moveAddress(struck.name))
        if (!moved) continue
        try {
          const began = Date.now()
          // Only primaries are asked: a remote cluster that reaches its control plane at this address cannot learn the
          // new one.
          for (const other of mesh.onOtherNetworks(struck).filter(({ role }) => role === 'primary')) {
            const wanted = `${gatewaysFound === 'by label' ? moved.to : moved.from}:15443`
            expect(
              await mesh.eventually(async () => (await other.endpoints(mesh.helloworld.cluster)).includes(wanted)),
              because('MP-798'),
            ).toBe(true)
          }
          await followAddresses()
          await everyClientSees(mesh, mesh.versions, 'MP-798')
          expect(await mesh.eventually(() => proxiesInSync(mesh)), because('MP-798')).toBe(true)
          reports.push(`${struck.name} ${moved.from} to ${moved.to}, followed in ${secondsSince(began)} s`)
        } finally {
          await moved.back()
          await followAddresses()
        }
        await everyClientSees(mesh, mesh.versions, 'MP-798')
      }
      return reports.join('; ')
    },
  ),
  check(
    {
      ...disruptive,
      id: 'resilience.root-rotated',
      title: 'the root is changed in three steps without a lost request, and in one step it is not changed',
      source:
        'Istio’s rotation test (tests/integration/security/cacert_rotation): a bundle of roots is taken up where ' +
        'it holds the one before, or is held by it',
      disrupts: { seconds: 420 },
      applies: where(whereRequestsCross, withMutualTls),
    },
    async ({ mesh }) => {
      const { swapRoot, rotateRoot } = mesh.disruptions()
      const before = await trustedRoots(mesh)
      const undo = await inTime('MP-799', swapRoot())
      try {
        expect(await trustedRoots(mesh), because('MP-799')).toEqual(before)
        await everyClientSees(mesh, mesh.versions, 'MP-799')
      } finally {
        await undo()
      }
      const meanwhile = await nothingLost(mesh, rotateRoot, 'MP-799')
      const after = await trustedRoots(mesh)
      expect(after, because('MP-799')).toHaveLength(1)
      expect(before, because('MP-799')).not.toEqual(after)
      await everyClientSees(mesh, mesh.versions, 'MP-799')
      return `swapped: refused; in three steps: ${meanwhile}`
    },
  ),
]
