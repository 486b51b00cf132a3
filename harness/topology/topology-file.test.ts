import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { loadTopologyFile, topologyNames, type TopologyFile } from './topology-file.ts'

const fixtures = join(import.meta.dirname, '../../fixtures/topologies')

const mine = `name: mine
title: a mesh of mine
procedure: gateway
clusters:
  - name: cluster1
    role: primary
    network: network1
    podCidr: 10.10.0.0/16
    serviceCidr: 10.251.0.0/16
  - name: cluster2
    role: remote
    network: network2
    podCidr: 10.20.0.0/16
    serviceCidr: 10.252.0.0/16
`
const third = (fields: { role?: string; network?: string; podCidr?: string } = {}): string =>
  `  - { name: cluster3, role: ${fields.role ?? 'remote'}, network: ${fields.network ?? 'network3'}, podCidr: ` +
  `${fields.podCidr ?? '10.30.0.0/16'}, serviceCidr: 10.253.0.0/16 }`

/** Changes of the file above, by line: another text, undefined for no line, or a text at the end (15). */
type Edit = Record<number, string | undefined>
const edited = (edit: Edit): string =>
  [...mine.split('\n').slice(0, -1), undefined]
    .flatMap((line, index) => (index + 1 in edit ? edit[index + 1] : line) ?? [])
    .join('\n')

const load = async (text: string, name = 'mine.yaml'): Promise<TopologyFile> => {
  const path = join(await scratchFolder(), name)
  await writeFile(path, text)
  return loadTopologyFile(path)
}

/** The lines of the message, each without the path that it must start with. */
const problems = async (text: string): Promise<string[]> => {
  const path = join(await scratchFolder(), 'mine.yaml')
  await writeFile(path, text)
  const error = (await errorOf(loadTopologyFile(path))) as Error
  expect(error).toMatchObject({
    code: 'MP-108',
    exitCode: 2,
    next: expect.stringMatching(/^Correct (it|these \d+) and run the same command again\. /),
  })
  return error.message.split('\n').map((line) => {
    expect(line.slice(0, path.length + 1)).toBe(`${path}:`)
    return line.slice(path.length + 1)
  })
}

describe('the built-in topologies', () => {
  test('are listed in the order of the documents', async () => {
    expect(await topologyNames()).toEqual([
      'vpn',
      'shared-control-plane',
      'gateway',
      'primary-remote',
      'multi-primary',
      'multi-primary-multi-network',
      'external-control-plane',
    ])
  })

  test.each([
    ['vpn', '003', ['strict', 'off'], ['primary', 'remote'], ['network1', 'network1']],
    ['shared-control-plane', '002', ['strict'], ['primary', 'remote'], ['network1', 'network1']],
    ['gateway', '000', ['strict'], ['primary', 'remote'], ['network1', 'network2']],
    ['primary-remote', '001', ['strict'], ['primary', 'remote'], ['network1', 'network2']],
    ['multi-primary', undefined, ['strict'], ['primary', 'primary'], ['network1', 'network1']],
    ['multi-primary-multi-network', undefined, ['strict'], ['primary', 'primary'], ['network1', 'network2']],
    ['external-control-plane', undefined, ['strict'], ['remote', 'primary'], ['network1', 'network2']],
  ])('%s is what its name says, installed by the procedure of its name', async (name, seed, mtls, roles, networks) => {
    const topology = await loadTopologyFile(name)
    expect(topology).toMatchObject({ name, procedure: name, mtls })
    expect(topology.seed).toBe(seed)
    expect(topology.clusters.map(({ role }) => role)).toEqual(roles)
    expect(topology.clusters.map(({ network }) => network)).toEqual(networks)
    expect(topology.clusters.map(({ name: cluster, version }) => `${cluster} ${version}`)).toEqual([
      'cluster1 v1',
      'cluster2 v2',
    ])
  })

  test('have examples beside them, which load by their path', async () => {
    const examples = await readdir(join(fixtures, 'examples'))
    expect(examples).toEqual(['three-clusters.yaml'])
    const { name, procedure, clusters } = await loadTopologyFile(join(fixtures, 'examples/three-clusters.yaml'))
    expect({ name, procedure }).toEqual({ name: 'three-clusters', procedure: 'primary-remote' })
    expect(clusters.map((cluster) => `${cluster.name} ${cluster.role} ${cluster.network} ${cluster.version}`)).toEqual([
      'cluster1 primary network1 v1',
      'cluster2 remote network1 v2',
      'cluster3 remote network2 v3',
    ])
  })

  test.each([
    ['gatway', '“gateway”'],
    ['multi-primry', '“multi-primary”'],
    ['', 'Valid: vpn, '],
  ])('hold no %s, and the nearest is named', async (name, nearest) => {
    expect(await errorOf(loadTopologyFile(name))).toMatchObject({
      code: 'MP-101',
      next: expect.stringContaining(nearest),
    })
  })
})

describe('a user’s own file', () => {
  test('has defaults', async () => {
    expect(await load(edited({ 3: undefined }))).toEqual({
      name: 'mine',
      title: 'a mesh of mine',
      procedure: 'primary-remote',
      mtls: ['strict'],
      istioNamespace: 'istio-system',
      clusters: [
        {
          name: 'cluster1',
          role: 'primary',
          network: 'network1',
          podCidr: '10.10.0.0/16',
          serviceCidr: '10.251.0.0/16',
          version: 'v1',
        },
        {
          name: 'cluster2',
          role: 'remote',
          network: 'network2',
          podCidr: '10.20.0.0/16',
          serviceCidr: '10.252.0.0/16',
          version: 'v2',
        },
      ],
    })
  })

  test('keeps the values that it has', async () => {
    expect(
      await load(
        edited({
          3: "procedure: gateway\nseed: '000'\nmtls: [off, strict]\nistioNamespace: mesh-root",
          5: '  - name: west\n    version: v2',
          10: '  - name: east\n    version: v1',
        }),
      ),
    ).toMatchObject({
      seed: '000',
      procedure: 'gateway',
      mtls: ['off', 'strict'],
      istioNamespace: 'mesh-root',
      clusters: [
        { name: 'west', version: 'v2' },
        { name: 'east', version: 'v1' },
      ],
    })
  })

  test('has versions in order, up to four clusters', async () => {
    const fourth = third({ network: 'network4', podCidr: '10.40.0.0/16' })
      .replace('cluster3', 'cluster4')
      .replace('10.253', '10.254')
    const { clusters } = await load(edited({ 15: `${third()}\n${fourth}` }))
    expect(clusters.map(({ version }) => version)).toEqual(['v1', 'v2', 'v3', 'v4'])
  })

  const oneNetwork = { 12: '    network: network1' }
  const allPrimary = { 11: '    role: primary' }
  test.each<[string, Edit, string]>([
    ['one primary on one network', oneNetwork, 'vpn'],
    ['one primary on several', {}, 'primary-remote'],
    ['primaries alone on one', { ...oneNetwork, ...allPrimary }, 'multi-primary'],
    ['primaries alone on several', allPrimary, 'multi-primary-multi-network'],
    ['an istiod in another cluster', { 6: '    role: primary\n    istiodIn: cluster2' }, 'external-control-plane'],
    ['three clusters that share one of two networks', { 15: third({ network: 'network2' }) }, 'primary-remote'],
  ])('with %s has its procedure derived', async (_, edit, procedure) => {
    expect(await load(edited({ 3: undefined, ...edit }))).toMatchObject({ procedure })
  })

  test.each<[string, Edit]>([
    ['vpn', oneNetwork],
    ['shared-control-plane', oneNetwork],
    ['gateway', {}],
    ['gateway', { 15: third() }],
    ['primary-remote', {}],
    ['primary-remote', { 15: third({ network: 'network1' }) }],
    ['multi-primary', { ...oneNetwork, ...allPrimary }],
    ['multi-primary-multi-network', { ...allPrimary, 15: third({ role: 'primary', network: 'network1' }) }],
  ])('may ask for %s with %j', async (procedure, edit) => {
    expect(await load(edited({ 3: `procedure: ${procedure}`, ...edit }))).toMatchObject({ procedure })
  })

  test.each(['mine.yaml', 'mine.yml', 'mine.topology', 'mine'])('may be called %s', async (name) => {
    expect(await load(mine, name)).toMatchObject({ name: 'mine' })
  })

  test('that cannot be read is refused with its path and why', async () => {
    const folder = join(await scratchFolder(), 'folder.yaml')
    await mkdir(folder)
    const absent = 'no-such-file.yaml'
    expect(await errorOf(loadTopologyFile(absent))).toMatchObject({
      code: 'MP-109',
      message: expect.stringMatching(/\(no-such-file\.yaml\): ENOENT/),
      next: expect.stringContaining(process.cwd()),
    })
    expect(await errorOf(loadTopologyFile(folder))).toMatchObject({
      code: 'MP-109',
      message: expect.stringMatching(/folder\.yaml\): EISDIR/),
    })
  })

  test('that is far too long is not read as a topology', async () => {
    expect(await errorOf(load(`name: mine\nclusters:\n${'  - { name: a }\n'.repeat(20_000)}`))).toMatchObject({
      code: 'MP-109',
      message: expect.stringMatching(/320021 characters/),
    })
  })

  test('with very many mistakes shows the first of them', async () => {
    const { message, next } = (await errorOf(load(`name: mine\nclusters:\n${'  - {}\n'.repeat(30)}`))) as Error & {
      next: string
    }
    expect(message.split('\n')).toHaveLength(21)
    expect(message).toMatch(/\nand \d+ more$/)
    expect(next).toMatch(/^Correct these \d+/)
  })

  test('needs no title: its name stands for it', async () => {
    expect(await load(edited({ 2: undefined }))).toMatchObject({ name: 'mine', title: 'mine' })
  })
})

const notWords = 'not lower-case words joined by hyphens'
const names = 'valid are name, title, seed, procedure, mtls, istioNamespace, operator, clusters'
const fields = 'valid are name, role, istiodIn, network, podCidr, serviceCidr, version'

describe('a file that is not valid says where and why', () => {
  test.each<[string, Edit, string[]]>([
    ['no name', { 1: undefined }, ['1:1: name is missing']],
    [
      'no clusters',
      Object.fromEntries([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14].map((line) => [line, undefined])),
      ['1:1: clusters is missing'],
    ],
    ['a name in capitals', { 1: 'name: My Mesh' }, [`1:7: name “My Mesh” is ${notWords}`]],
    ['a name with a hyphen at its end', { 1: 'name: mine-' }, [`1:7: name “mine-” is ${notWords}`]],
    ['a name over two lines, in one', { 1: 'name: |\n  my\n  mesh' }, [`1:7: name “my mesh ” is ${notWords}`]],
    ['a name that is a number', { 1: 'name: 7' }, ['1:7: name must be text, not “7”: put it in quotes']],
    ['a title that is a map', { 2: 'title: { a: b }' }, ['2:1: title must be text, not a map']],
    ['an empty title', { 2: 'title:' }, ['2:7: title is empty']],
    ['a title of no letters', { 2: "title: ''" }, ['2:8: title is empty']],
    [
      'a seed without quotes',
      { 2: 'title: mine\nseed: 000' },
      ["3:7: seed must be '000', '001', '002' or '003', in quotes"],
    ],
    ['another seed', { 2: "title: mine\nseed: '004'" }, ["3:7: seed must be '000', '001', '002' or '003', in quotes"]],
    [
      'an unknown procedure',
      { 3: 'procedure: gatway' },
      [
        '3:12: procedure “gatway” is not one of vpn, shared-control-plane, gateway, primary-remote, ' +
          'multi-primary, multi-primary-multi-network, external-control-plane: did you mean “gateway”?',
      ],
    ],
    [
      'an unknown mode',
      { 3: 'mtls: [strict, of]' },
      ['3:16: mtls[1] “of” is not one of strict, off: did you mean “off”?'],
    ],
    ['a mode that is true', { 3: 'mtls: [true]' }, ['3:8: mtls[0] “true” is not one of strict, off']],
    ['a mode twice', { 3: 'mtls: [strict, strict]' }, ['3:1: mtls lists a mode twice']],
    ['no mode', { 3: 'mtls: []' }, ['3:1: mtls is empty: list strict, off or both']],
    ['a mode without a list', { 3: 'mtls: strict' }, ['3:7: mtls must be a list, not “strict”']],
    ...['Mesh', 'mesh_root', 'mesh-', 'a.b', 'a'.repeat(64)].map((name): [string, Edit, string[]] => [
      `a root namespace that is no label: ${name}`,
      { 3: `istioNamespace: ${name}` },
      [
        `3:17: istioNamespace “${name}” is not one to 63 lower-case letters, digits and hyphens, no hyphen first ` +
          'or last',
      ],
    ]),
    [
      'a root namespace that a lab has something else in',
      { 3: 'istioNamespace: kube-system' },
      ['3:17: istioNamespace “kube-system” is not free in a lab: it holds something else there'],
    ],
    [
      'a root namespace that is a number',
      { 3: 'istioNamespace: 7' },
      ['3:17: istioNamespace must be text, not “7”: put it in quotes'],
    ],
    [
      'an unknown key',
      { 3: 'proceedure: gateway' },
      ['3:1: proceedure is no key of a topology: did you mean “procedure”?'],
    ],
    [
      'a key like no other',
      { 3: 'x-y: 1\nz: 2' },
      [`3:1: x-y is no key of a topology: ${names}`, `4:1: z is no key of a topology: ${names}`],
    ],
    [
      'an unknown key of a cluster, on the line of the key',
      { 9: '    serviceCidr: 10.251.0.0/16\n    verison:\n      v1' },
      ['10:5: clusters[0].verison is no key of a cluster: did you mean “version”?'],
    ],
    [
      'a key of a cluster like no other',
      { 9: '    serviceCidr: 10.251.0.0/16\n    nodes: 3' },
      [`10:5: clusters[0].nodes is no key of a cluster: ${fields}`],
    ],
    ['a cluster without a name', { 10: '  - role: remote', 11: undefined }, ['10:5: clusters[1].name is missing']],
    ['a cluster without a role', { 11: undefined }, ['10:5: clusters[1].role is missing']],
    ['a cluster without a network', { 12: undefined }, ['10:5: clusters[1].network is missing']],
    [
      'a cluster without ranges',
      { 13: undefined, 14: undefined },
      ['10:5: clusters[1].podCidr is missing', '10:5: clusters[1].serviceCidr is missing'],
    ],
    [
      'a cluster’s name with a hyphen',
      { 5: '  - name: cluster-1' },
      ['5:11: clusters[0].name “cluster-1” is not one to 18 lower-case letters and digits, a letter first'],
    ],
    [
      'a cluster’s name that starts with a digit',
      { 5: '  - name: 1st' },
      ['5:11: clusters[0].name “1st” is not one to 18 lower-case letters and digits, a letter first'],
    ],
    [
      'a cluster’s name that makes the node’s too long',
      { 5: '  - name: clusterofnineteenlet' },
      [
        '5:11: clusters[0].name “clusterofnineteenlet” is not one to 18 lower-case letters and digits, a ' +
          'letter first',
      ],
    ],
    [
      'an unknown role',
      { 11: '    role: remot' },
      ['11:11: clusters[1].role “remot” is not one of primary, remote: did you mean “remote”?'],
    ],
    [
      'a network that is no label',
      { 7: '    network: network-' },
      [
        '7:14: clusters[0].network “network-” is not one to 63 lower-case letters, digits and hyphens, a letter ' +
          'first and no hyphen last',
      ],
    ],
    [
      'a network that is no label, with a procedure for one',
      { 3: 'procedure: vpn', 7: '    network: 1st' },
      [
        '7:14: clusters[0].network “1st” is not one to 63 lower-case letters, digits and hyphens, a letter first ' +
          'and no hyphen last',
      ],
    ],
    [
      'a version that does not exist',
      { 9: '    serviceCidr: 10.251.0.0/16\n    version: v5' },
      ['10:14: clusters[0].version “v5” is not one of v1, v2, v3, v4: did you mean “v1”?'],
    ],
    [
      'an empty version',
      { 9: '    serviceCidr: 10.251.0.0/16\n    version:' },
      ['10:13: clusters[0].version is empty'],
    ],
    [
      'a range that is none',
      { 8: '    podCidr: 10.10.0.0' },
      ['8:14: clusters[0].podCidr “10.10.0.0” is not an IPv4 range such as 10.10.0.0/16'],
    ],
    [
      'a pod range too large',
      { 8: '    podCidr: 10.8.0.0/15' },
      ['8:14: clusters[0].podCidr 10.8.0.0/15 is too large: /16 to /24 will do'],
    ],
    [
      'a pod range too small',
      { 8: '    podCidr: 10.10.0.0/25' },
      ['8:14: clusters[0].podCidr 10.10.0.0/25 is too small: /16 to /24 will do'],
    ],
    [
      'a service range too large',
      { 14: '    serviceCidr: 10.128.0.0/11' },
      ['14:18: clusters[1].serviceCidr 10.128.0.0/11 is too large: /12 to /24 will do'],
    ],
    [
      'a service range too small',
      { 14: '    serviceCidr: 10.252.0.0/25' },
      ['14:18: clusters[1].serviceCidr 10.252.0.0/25 is too small: /12 to /24 will do'],
    ],
    [
      'a public range',
      { 13: '    podCidr: 8.8.0.0/16' },
      [
        '13:14: clusters[1].podCidr 8.8.0.0/16 is not in private address space: 10.0.0.0/8, 172.16.0.0/12, ' +
          '192.168.0.0/16',
      ],
    ],
    [
      'a key that an operator does not take from a file',
      { 3: 'operator: { hub: own }' },
      ['3:13: operator.hub is no key of an operator: valid are components, meshConfig, values'],
    ],
    ['a cluster that is no map', { 15: '  - cluster3' }, ['15:5: clusters[2] must be a map, not “cluster3”']],
    [
      'clusters that are no list',
      { 4: 'clusters: 2', ...Object.fromEntries([5, 6, 7, 8, 9, 10, 11, 12, 13, 14].map((line) => [line, undefined])) },
      ['4:11: clusters must be a list, not “2”'],
    ],
    [
      'one cluster',
      Object.fromEntries([10, 11, 12, 13, 14].map((line) => [line, undefined])),
      ['4:1: clusters lists 1: a topology has two to four'],
    ],
  ])('%s', async (_, edit, expected) => {
    expect(await problems(edited(edit))).toEqual(expected)
  })

  test.each<[string, Edit, string[]]>([
    [
      'two clusters of one name',
      { 10: '  - name: cluster1' },
      ['10:11: clusters[1].name cluster1 is another cluster’s name too (line 5)'],
    ],
    [
      'two pod ranges that overlap',
      { 13: '    podCidr: 10.10.128.0/17' },
      ['13:14: clusters[1].podCidr 10.10.128.0/17 overlaps cluster1’s podCidr (line 8)'],
    ],
    [
      'a pod range in a service range',
      { 13: '    podCidr: 10.251.4.0/24' },
      ['13:14: clusters[1].podCidr 10.251.4.0/24 overlaps cluster1’s serviceCidr (line 9)'],
    ],
    [
      'two ranges of one cluster that overlap',
      { 14: '    serviceCidr: 10.16.0.0/12' },
      ['14:18: clusters[1].serviceCidr 10.16.0.0/12 overlaps cluster2’s podCidr (line 13)'],
    ],
    [
      'a range that overlaps two',
      { 14: '    serviceCidr: 10.240.0.0/12', 15: third({ podCidr: '10.251.0.0/24' }).replace('10.253', '10.30') },
      [
        '14:18: clusters[1].serviceCidr 10.240.0.0/12 overlaps cluster1’s serviceCidr (line 9)',
        '15:65: clusters[2].podCidr 10.251.0.0/24 overlaps cluster1’s serviceCidr (line 9)',
        '15:65: clusters[2].podCidr 10.251.0.0/24 overlaps cluster2’s serviceCidr (line 14)',
      ],
    ],
    [
      'a version twice',
      { 9: '    serviceCidr: 10.251.0.0/16\n    version: v2' },
      [
        '4:1: clusters lists none with version v1: one runs v1, and one v2',
        '11:5: clusters[1].version v2 is another cluster’s version too: each has its own, by default v1, v2, … ' +
          'in order (line 10)',
      ],
    ],
    [
      'no v2',
      { 14: '    serviceCidr: 10.252.0.0/16\n    version: v3' },
      ['4:1: clusters lists none with version v2: one runs v1, and one v2'],
    ],
    [
      'no primary',
      { 6: '    role: remote' },
      ['4:1: clusters lists no primary: one of them, or every one, runs a control plane'],
    ],
    [
      'two primaries of three',
      { 11: '    role: primary', 15: third() },
      ['4:1: clusters lists 2 primaries of 3: make it one, or every one'],
    ],
    [
      'two primaries of three, with the procedure that needs all',
      { 3: 'procedure: multi-primary-multi-network', 11: '    role: primary', 15: third() },
      ['4:1: clusters lists 2 primaries of 3: make it one, or every one'],
    ],
    [
      'gateway with two on a network',
      { 15: third({ network: 'network2' }) },
      ['3:12: procedure gateway needs every cluster on a network of its own: network2 has more than one'],
    ],
    [
      'gateway on one network',
      { 12: '    network: network1' },
      ['3:12: procedure gateway needs every cluster on a network of its own: network1 has more than one'],
    ],
    [
      'primary-remote on one network',
      { 3: 'procedure: primary-remote', 12: '    network: network1' },
      ['3:12: procedure primary-remote needs two networks or more: every cluster is on network1'],
    ],
    [
      'multi-primary-multi-network on one network',
      { 3: 'procedure: multi-primary-multi-network', 11: '    role: primary', 12: '    network: network1' },
      ['3:12: procedure multi-primary-multi-network needs two networks or more: every cluster is on network1'],
    ],
    [
      'an external control plane without the cluster that it runs in',
      { 3: 'procedure: external-control-plane' },
      ['3:12: procedure external-control-plane needs istiodIn in the primary: the remote cluster in which istiod runs'],
    ],
    [
      'an external control plane in a cluster that is not there',
      { 3: 'procedure: external-control-plane', 6: '    role: primary\n    istiodIn: cluster3' },
      ['7:15: clusters[0].istiodIn cluster3 is no remote cluster of this file'],
    ],
    [
      'a remote cluster with a control plane elsewhere',
      { 3: 'procedure: external-control-plane', 11: '    role: remote\n    istiodIn: cluster1' },
      ['12:15: clusters[1].istiodIn is for the primary: a remote cluster has no control plane'],
    ],
    [
      'an external control plane in another procedure',
      { 6: '    role: primary\n    istiodIn: cluster2' },
      [
        '7:15: clusters[0].istiodIn belongs to procedure external-control-plane: in gateway, istiod runs in the ' +
          'primary',
      ],
    ],
    [
      'clusters of which four are not enough',
      {
        15: [3, 4, 5]
          .map(
            (index) =>
              `  - { name: c${index}, role: remote, network: n${index}, podCidr: 10.${index}.0.0/16, ` +
              `serviceCidr: 10.10${index}.0.0/16 }`,
          )
          .join('\n'),
      },
      ['4:1: clusters lists 5: a topology has two to four'],
    ],
  ])('%s', async (_, edit, expected) => {
    expect(await problems(edited(edit))).toEqual(expected)
  })

  test.each(['vpn', 'shared-control-plane', 'multi-primary'])('%s on two networks', async (procedure) => {
    expect(
      await problems(
        edited({ 3: `procedure: ${procedure}`, ...(procedure === 'multi-primary' ? { 11: '    role: primary' } : {}) }),
      ),
    ).toEqual([`3:12: procedure ${procedure} needs every cluster on one network: there are network1, network2`])
  })

  test.each([
    ['vpn', 1],
    ['shared-control-plane', 1],
    ['gateway', 2],
    ['primary-remote', 2],
  ])('%s with two primaries', async (procedure, network) => {
    expect(
      await problems(
        edited({ 3: `procedure: ${procedure}`, 11: '    role: primary', 12: `    network: network${network}` }),
      ),
    ).toEqual([`3:12: procedure ${procedure} needs exactly one primary: there are 2`])
  })

  test.each([
    ['multi-primary', 1],
    ['multi-primary-multi-network', 2],
  ])('%s with one primary', async (procedure, network) => {
    expect(await problems(edited({ 3: `procedure: ${procedure}`, 12: `    network: network${network}` }))).toEqual([
      `3:12: procedure ${procedure} needs every cluster to be a primary: there is one of 2`,
    ])
  })

  test('all that is wrong, in the order of the lines', async () => {
    expect(
      await problems(
        edited({
          1: 'name: Mine',
          6: '    role: primry',
          10: '  - name: cluster1',
          13: '    podCidr: 10.10.0.0/16',
          14: undefined,
          15: `${third({ role: 'rem0te' }).replace('cluster3', 'cluster1')}\nseeds: 1`,
        }),
      ),
    ).toEqual([
      '1:7: name “Mine” is not lower-case words joined by hyphens',
      '6:11: clusters[0].role “primry” is not one of primary, remote: did you mean “primary”?',
      '10:5: clusters[1].serviceCidr is missing',
      '10:11: clusters[1].name cluster1 is another cluster’s name too (line 5)',
      '13:14: clusters[1].podCidr 10.10.0.0/16 overlaps cluster1’s podCidr (line 8)',
      '14:13: clusters[2].name cluster1 is another cluster’s name too (line 5)',
      '14:29: clusters[2].role “rem0te” is not one of primary, remote: did you mean “remote”?',
      '15:1: seeds is no key of a topology: did you mean “seed”?',
    ])
  })

  test.each([
    ['nothing', '', ['1:1: the file is empty']],
    ['a list', '- name: mine\n', ['1:1: the file must be a map, not a list']],
    ['a word', '# a word\n\nmine\n', ['3:1: the file must be a map, not “mine”']],
    ['YAML that is none', edited({ 2: 'title: "mine' }), ['14:31: Missing closing "quote']],
    ['a key twice', edited({ 2: 'name: yours' }), ['2:1: Map keys must be unique']],
  ])('%s', async (_, text, expected) => {
    expect(await problems(text)).toEqual(expected)
  })
})
