import { describe, expect, onTestFinished, test, vi } from 'vitest'
import ownPackage from '../../package.json' with { type: 'json' }
import type { Code } from '#codes/index.ts'
import { type JudgeOptions, judgesOf } from '#commands/judge/options.ts'
import { readArguments } from './arguments.ts'

const optionsOf = (...argv: string[]): unknown => {
  const invocation = readArguments(argv, {})
  return 'options' in invocation ? invocation.options : undefined
}
const refused = (code: Code, next: string): unknown =>
  expect.objectContaining({ code, exitCode: 2, next: expect.stringContaining(next) })

describe('a command line', () => {
  test.each([
    ['--topology=gateway --topology=vpn', '--topology is given more than once (--topology=gateway, --topology=vpn)'],
    ['--mtls strict --mtls=off', '--mtls is given more than once'],
    ['--keep=false', '--keep takes no value'],
    ['diagnose --contexts=a,b --probe=1', '--probe takes no value'],
    ['metrics reports --port=80', 'metrics takes no flag --port: it has none'],
    ['images build x', 'images build takes no argument “x”'],
    ['help', 'Unknown command “help”'],
  ])('that cannot be meant says why: %s', (line, message) => {
    expect(() => readArguments(line.split(' '), {})).toThrow(
      expect.objectContaining({ code: 'MP-101', exitCode: 2, message: expect.stringContaining(message) }),
    )
  })

  test('may say the same twice, and a matrix takes several suites', () => {
    expect(optionsOf('--topology=vpn', '--topology=vpn')).toMatchObject({ topology: ['vpn'] })
    expect(optionsOf('matrix', '--suite=net.*', '--suite=mtls.*')).toMatchObject({ suite: [['net.*'], ['mtls.*']] })
  })

  test('without a command is test, of everything', () => {
    expect(readArguments([], {})).toEqual({
      command: 'test',
      options: {
        topology: ['all'],
        suite: [],
        images: 'auto',
        output: 'text',
        timeout: 180,
        plan: false,
        keep: false,
        reuse: false,
        failFast: false,
        repeat: 1,
        fresh: false,
      },
    })
  })

  test.each([[[]], [['up']], [['prove']], [['matrix']]])('names an installer only where it says so: %j', (command) => {
    expect(optionsOf(...command, '--installer=helm', '--charts=own')).toMatchObject({
      installer: 'helm',
      charts: 'own',
    })
    expect(optionsOf(...command)).not.toHaveProperty('installer')
  })

  test.each([[[]], [['up']], [['prove']], [['matrix']]])(
    'names a kind of gateways only where it says so: %j',
    (command) => {
      expect(optionsOf(...command, '--gateways=gateway-api')).toMatchObject({ gateways: 'gateway-api' })
      expect(optionsOf(...command)).not.toHaveProperty('gateways')
    },
  )

  test('of a kind of gateways that does not exist is refused with the nearest', () => {
    expect(() => optionsOf('--gateways=gatewayapi')).toThrow(refused('MP-101', '“gateway-api”'))
  })

  test('for existing clusters may say that their gateways are resources of the Gateway API', () => {
    expect(optionsOf('--contexts=east,west', '--gateways=gateway-api')).toMatchObject({ gateways: 'gateway-api' })
  })

  test('asks judges, in a lab, in a kept lab or in existing clusters', () => {
    expect(readArguments(['judge', '--topology=gateway'], {})).toMatchObject({
      command: 'judge',
      options: { topology: ['gateway'], timeout: 900, reuse: false },
    })
    expect(judgesOf(optionsOf('judge') as JudgeOptions)).toContain('gateway-api')
    expect(optionsOf('judge', '--reuse', '--timeout=60', '--with=gateway-api')).toMatchObject({
      reuse: true,
      timeout: 60,
      with: ['gateway-api'],
    })
    expect(optionsOf('judge', '--contexts=a,b', '--echo-image=registry.example:5000/istio/app:1.31')).toMatchObject({
      contexts: ['a', 'b'],
      echoImage: 'registry.example:5000/istio/app:1.31',
    })
  })

  test.each([
    [['judge', '--contexts=a,b', '--topology=vpn'], 'MP-141', 'Name contexts'],
    [['judge', '--kubeconfig=x'], 'MP-141', 'Name contexts'],
    [['judge', '--topology=vpn', '--echo-image=a b'], 'MP-101', '--help'],
    [['judge', '--topology=vpn', '--timeout=1'], 'MP-101', '--help'],
    [['judge', '--topology=vpn', '--suite=reach.*'], 'MP-101', ''],
  ] as const)('of a judge is refused: %j', (argv, code, next) => {
    expect(() => optionsOf(...argv)).toThrow(refused(code, next))
  })

  test('of an installer that does not exist is refused with the nearest', () => {
    expect(() => optionsOf('--installer=hlem')).toThrow(refused('MP-101', '“helm”'))
  })

  test('for existing clusters does not name an installer', () => {
    expect(() => optionsOf('--contexts=east,west', '--installer=helm')).toThrow(refused('MP-141', '--contexts'))
  })

  test('splits lists by comma', () => {
    expect(optionsOf('--topology=gateway, mesh,', '--suite=reach.*,!reach.path')).toMatchObject({
      topology: ['gateway', 'mesh'],
      suite: ['reach.*', '!reach.path'],
    })
  })

  test('reuses the newest lab, or the one it names', () => {
    expect(optionsOf('--reuse', '--fail-fast')).toMatchObject({ reuse: true, failFast: true })
    expect(optionsOf('--reuse=20260101-000000-abcd')).toMatchObject({ reuse: '20260101-000000-abcd' })
  })

  test.each([[[]], [['up']], [['prove']]])(
    'overrules the topologies’ mutual TLS only where it says so: %j',
    (command) => {
      expect(optionsOf(...command, '--mtls=off')).toMatchObject({ mtls: 'off' })
      expect(optionsOf(...command, '--mtls=strict')).toMatchObject({ mtls: 'strict' })
      expect(optionsOf(...command)).not.toHaveProperty('mtls')
    },
  )

  test.each([
    [['test']],
    [['test', '--contexts=east,west']],
    [['up']],
    [['prove']],
    [['matrix']],
    [['diagnose', '--contexts=east,west']],
    [['upgrade', '--topology=gateway', '--from=a', '--to=b']],
  ])('names Istio’s root namespace only where it says so: %j', (command) => {
    expect(optionsOf(...command, '--istio-namespace=mesh-root')).toMatchObject({ istioNamespace: 'mesh-root' })
    expect(optionsOf(...command)).not.toHaveProperty('istioNamespace')
    for (const name of ['Mesh', 'mesh_root', '-mesh', 'mesh-', 'a.b', '', 'a'.repeat(64)])
      expect(() => optionsOf(...command, `--istio-namespace=${name}`)).toThrow(
        expect.objectContaining({ code: 'MP-101', message: expect.stringContaining('--istio-namespace') }),
      )
  })

  test('names each command with its own flags', () => {
    expect(readArguments(['up', '--images=source'], {})).toMatchObject({ command: 'up', options: { images: 'source' } })
    expect(
      readArguments(
        ['prove', '--topology=vpn', '--mtls=off', '--suite=mtls.*', '--report-dir=proof', '--timeout=90', '--plan'],
        {},
      ),
    ).toMatchObject({
      command: 'prove',
      options: { topology: ['vpn'], mtls: 'off', suite: ['mtls.*'], reportDir: 'proof', timeout: 90, plan: true },
    })
    expect(readArguments(['up', '--kubernetes=1.33', '--istio-source=../istio'], {})).toMatchObject({
      command: 'up',
      options: { kubernetes: '1.33', istioSource: '../istio' },
    })
    expect(
      readArguments(['diagnose', '--contexts=east, west,', '--kubeconfig=a:b', '--probe', '--output=json'], {}),
    ).toEqual({
      command: 'diagnose',
      options: { contexts: ['east', 'west'], kubeconfig: 'a:b', probe: true, output: 'json' },
    })
    expect(readArguments(['diagnose', '--contexts=east,west', '--istioctl=bin/istioctl'], {})).toMatchObject({
      command: 'diagnose',
      options: { istioctl: 'bin/istioctl' },
    })
    expect(readArguments(['diagnose', '--contexts=east,west'], {})).toEqual({
      command: 'diagnose',
      options: { contexts: ['east', 'west'], kubeconfig: undefined, probe: false, output: 'text' },
    })
    expect(readArguments(['down'], {})).toEqual({ command: 'down', options: { all: false, run: undefined } })
    expect(readArguments(['down', '--all', '--run=x'], {})).toEqual({
      command: 'down',
      options: { all: true, run: 'x' },
    })
    expect(readArguments(['report', 'a', 'b', '--report-dir=c', '--cells=d.json'], {})).toEqual({
      command: 'report',
      options: { folders: ['a', 'b'], reportDir: 'c', cells: 'd.json' },
    })
    expect(readArguments(['cell', '--cells=d.json', '--index=3'], {})).toEqual({
      command: 'cell',
      options: { cells: 'd.json', index: 3, reportDir: 'reports' },
    })
    expect(readArguments(['matrix', '--suite=net.*,control.*', '--suite=reach.*', '--emit=github'], {})).toMatchObject({
      command: 'matrix',
      options: { topology: ['all'], suite: [['net.*', 'control.*'], ['reach.*']], emit: 'github' },
    })
    expect(readArguments(['doctor', '--output=json'], {})).toEqual({ command: 'doctor', options: { output: 'json' } })
    expect(readArguments(['images', 'build'], {})).toEqual({ command: 'images build', options: { harness: false } })
    expect(readArguments(['images', 'build', '--harness'], {})).toEqual({
      command: 'images build',
      options: { harness: true },
    })
  })
})

describe('several versions', () => {
  test('are taken by test and matrix', () => {
    expect(optionsOf('--istio=1.30.4, 1.31.0', '--kubernetes=1.33', '--kind=0.33.0')).toMatchObject({
      istio: ['1.30.4', '1.31.0'],
      kubernetes: ['1.33'],
      kind: ['0.33.0'],
    })
    expect(optionsOf('matrix', '--istio=1.30.4,1.31.0')).toMatchObject({ istio: ['1.30.4', '1.31.0'] })
  })

  test('one for each cluster is one mesh, and not several versions', () => {
    const mixed = 'cluster1:1.31,cluster2:1.30'
    for (const argv of [[], ['--keep'], ['matrix']])
      expect(optionsOf(...argv, `--istio=${mixed}`)).toMatchObject({ istio: [mixed] })
    expect(optionsOf('up', `--istio=${mixed}`)).toMatchObject({ istio: mixed })
    expect(() => readArguments(['prove', `--istio=${mixed}`], {})).toThrow(refused('MP-162', 'meshproof test'))
    expect(() => readArguments(['images', 'list', `--istio=${mixed}`], {})).toThrow(refused('MP-101', 'meshproof'))
  })

  test.each([
    [['up', '--istio=1.30.4,1.31.0'], 'meshproof up', '--istio=1.30.4,1.31.0'],
    [['prove', '--kubernetes=1.33,1.34'], 'meshproof prove', '--kubernetes=1.33,1.34'],
    [['upgrade', '--topology=vpn', '--from=1.30.4,1.30.5', '--to=1.31.0'], 'meshproof upgrade', '--from=1.30.4,1.30.5'],
    [['--keep', '--kind=0.32.0,0.33.0'], '--keep', '--kind'],
    [['--reuse', '--istio=a,b'], '--reuse', '--istio=a,b'],
  ])('are refused where one lab is worked with: %j', (argv, who, flag) => {
    expect(() => readArguments(argv, {})).toThrow(refused('MP-162', 'meshproof test'))
    expect(() => readArguments(argv, {})).toThrow(new RegExp(`${who} takes one.*${flag}`))
  })
})

test.each([
  [['--repeat=0'], '--repeat', 'a whole number from 1 to 100'],
  [['--repeat=often'], '--repeat', 'a whole number from 1 to 100'],
  [['prove', '--timeout=1.5'], '--timeout', 'a whole number of seconds from 5 to 3600'],
  [['judge', '--timeout=9000'], '--timeout', 'a whole number of seconds from 5 to 7200'],
  [['cell', '--cells=cells.json', '--index=-1'], '--index', 'a whole number, 0 or more'],
])('%j is refused with what the flag takes', (argv, flag, takes) => {
  expect(() => readArguments(argv, {})).toThrow(
    expect.objectContaining({ code: 'MP-101', message: `${flag} does not take that value: it takes ${takes}` }),
  )
})

describe('repetitions', () => {
  test('are a number, and of labs where it says so', () => {
    expect(readArguments(['--repeat=5', '--fresh'], {})).toMatchObject({ options: { repeat: 5, fresh: true } })
    expect(readArguments(['--repeat=5', '--contexts=east,west'], {})).toMatchObject({ options: { repeat: 5 } })
  })

  test.each(['0', '101', '1.5', 'often'])('are between 1 and 100, and not %s', (number) => {
    expect(() => readArguments([`--repeat=${number}`], {})).toThrow(refused('MP-101', 'meshproof --help'))
  })

  test.each([
    [['--fresh'], '--fresh needs --repeat'],
    [['--fresh', '--repeat=2', '--contexts=east,west'], '--contexts'],
    [['--fresh', '--repeat=2', '--reuse'], '--reuse'],
    [['--fresh', '--repeat=2', '--keep'], '--keep'],
  ])('on labs of their own are refused where there are none: %j', (argv, words) => {
    expect(() => readArguments(argv, {})).toThrow(
      expect.objectContaining({ code: 'MP-190', message: expect.stringContaining(words) }),
    )
  })

  test.each(['--attest=key.pem', '--artifacts=out'])('and %s are for one version', (flag) => {
    expect(() => readArguments(['--istio=1.30,1.31', flag], {})).toThrow(refused('MP-162', 'Name one'))
  })
})

test('verify-report takes a folder and a key', () => {
  expect(readArguments(['verify-report', 'reports/a', '--key=public.pem'], {})).toEqual({
    command: 'verify-report',
    options: { folder: 'reports/a', key: 'public.pem' },
  })
  expect(() => readArguments(['verify-report', 'reports/a'], {})).toThrow(refused('MP-101', 'meshproof'))
})

test.each([['--queue=ci'], ['--emit=github', '--image=mine'], ['--emit=helm']])('matrix %j is refused', (...argv) => {
  expect(() => readArguments(['matrix', ...argv], {})).toThrow(refused('MP-101', ''))
})

describe('existing clusters', () => {
  test('are named by contexts, and their kubeconfig by its files', () => {
    expect(
      optionsOf('--contexts=kind-a,kind-b', '--kubeconfig=a.yaml:b.yaml', '--mtls=off', '--suite=reach.*'),
    ).toMatchObject({
      contexts: ['kind-a', 'kind-b'],
      kubeconfig: 'a.yaml:b.yaml',
      mtls: 'off',
      suite: ['reach.*'],
    })
  })

  test.each([
    [['--contexts=a,b', '--topology=gateway'], '--topology'],
    [['matrix', '--contexts=a,b', '--istio=1.30.4'], '--istio'],
    [['--contexts=a,b', '--keep'], '--keep'],
    [['--contexts=a,b', '--istio-source=../istio'], '--istio-source'],
    [['--contexts=a,b', '--reuse', '--istio=1.30.4'], '--istio, --reuse'],
    [['--kubeconfig=a.yaml'], '--kubeconfig'],
    [['--kubeconfig=a.yaml', '--topology=vpn'], '--kubeconfig'],
    [['--istioctl=bin/istioctl'], '--istioctl'],
  ])('do not go together with what is said of a lab: %j', (argv, named) => {
    expect(() => readArguments(argv, {})).toThrow(refused('MP-141', '--contexts=A,B'))
    expect(() => readArguments(argv, {})).toThrow(`(${named})`)
  })
})

test('results of a pod go to a ConfigMap, and nowhere else', () => {
  expect(optionsOf('--contexts=in-cluster,b', '--results=configmap:proofs/nightly')).toMatchObject({
    contexts: ['in-cluster', 'b'],
    results: 'configmap:proofs/nightly',
  })
  for (const place of ['proofs', 'secret:proofs', 'configmap:', 'configmap:a/b/c', 'configmap:A/b'])
    expect(() => readArguments(['--contexts=a,b', `--results=${place}`], {})).toThrow(
      '--results does not take that value',
    )
})

test.each([['abc'], ['4'], ['9.5'], ['']])('--timeout=%s is refused', (value) => {
  expect(() => readArguments([`--timeout=${value}`], {})).toThrow(refused('MP-101', '--help'))
  expect(() => readArguments([`--timeout=${value}`], {})).toThrow('--timeout does not take that value')
})

test.each([
  ['--tiemout=90', 'flag “--tiemout”', '“--timeout”'],
  ['up --imges=source', 'flag “--imges”', '“--images”'],
  ['down --al', 'flag “--al”', '“--all”'],
  ['lst', 'command “lst”', '“list”'],
  ['tset --plan', 'command “tset”', '“test”'],
  ['images buld', 'command “buld”', '“build”'],
  ['--images=relase', 'value for --images “relase”', '“release”'],
  ['--mtls=strct', 'value for --mtls “strct”', '“strict”'],
  ['prove --mtls=of', 'value for --mtls “of”', '“off”'],
  ['report a --reprt-dir=x', 'flag “--reprt-dir”', '“--report-dir”'],
  ['prov', 'command “prov”', '“prove”'],
  ['prove --reprt-dir=x', 'flag “--reprt-dir”', '“--report-dir”'],
  ['images list --output=jsn', 'value for --output “jsn”', '“json”'],
])('%s is refused with what was meant', (line, unknown, nearest) => {
  expect(() => readArguments(line.split(' '), {})).toThrow(refused('MP-101', `Did you mean ${nearest}?`))
  expect(() => readArguments(line.split(' '), {})).toThrow(`Unknown ${unknown}`)
})

// What npm 11 leaves in the environment and on the command line.
test.each<[string, NodeJS.ProcessEnv, string[], string]>([
  ['--topology=gateway', { npm_config_topology: 'gateway' }, [], 'npm test -- --topology=gateway'],
  ['--mtls=off', { npm_config_mtls: 'off' }, [], 'npm test -- --mtls=off'],
  ['--keep', { npm_config_keep: 'true' }, [], 'npm test -- --keep'],
  [
    '--report-dir=out --fail-fast --suite=reach.*',
    { npm_config_report_dir: 'out', npm_config_fail_fast: 'true', npm_config_suite: 'reach.*' },
    [],
    'npm test -- --suite=reach.* --report-dir=out --fail-fast',
  ],
])('npm test %s is told where the -- belongs', (_line, environment, argv, next) => {
  expect(() => readArguments(argv, environment)).toThrow(expect.objectContaining({ code: 'MP-102', next }))
})

test('what else npm says in the environment is no flag of ours', () => {
  expect(
    readArguments([], {
      npm_config_loglevel: 'warn',
      npm_config_cache: '/tmp',
      npm_config_registry: 'https://npm.example/',
      npm_lifecycle_event: 'test',
    }),
  ).toMatchObject({ command: 'test' })
})

test.each([
  ['--help', 'Commands:'],
  ['--version', ownPackage.version],
  ['-h', 'doctor'],
  ['up --help', '--topology <names>'],
  ['prove --help', '--suite <patterns>'],
  ['images', 'build everything from source'],
  ['images build --help', '--harness'],
  ['images mirror --help', '--to <host/prefix>'],
])('the text of “%s” is returned and not printed', (line, text) => {
  const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  onTestFinished(() => {
    printed.mockRestore()
  })
  expect(readArguments(line.split(' '), {})).toEqual({ command: 'help', text: expect.stringContaining(text) })
  expect(printed).not.toHaveBeenCalled()
})

describe('a mistake', () => {
  test.each([
    ['images list --outptu=json', '“--output”'],
    ['--topology gateway lst', '“list”'],
  ])('%s is refused with what was meant', (line, nearest) => {
    expect(() => readArguments(line.split(' '), {})).toThrow(refused('MP-101', `Did you mean ${nearest}?`))
  })

  test.each([['list x'], ['down x'], ['images build x'], ['test up'], ['prove up']])(
    '%s names the word that is too much',
    (line) => {
      expect(() => readArguments(line.split(' '), {})).toThrow(new RegExp(`“${line.split(' ').at(-1) ?? ''}”`))
    },
  )

  test('report without a folder says what is missing', () => {
    expect(() => readArguments(['report'], {})).toThrow(refused('MP-101', '--help'))
    expect(() => readArguments(['report'], {})).toThrow('folders')
  })

  test.each([['--keep'], ['--reuse'], ['--fail-fast']])(
    'prove %s is no flag: it takes labs of its own, to the end',
    (flag) => {
      expect(() => readArguments(['prove', flag], {})).toThrow(refused('MP-101', '--timeout'))
    },
  )

  test.each([['--topology='], ['--topology=,']])('%s is refused: it would prove nothing', (flag) => {
    expect(() => readArguments([flag], {})).toThrow(refused('MP-101', ''))
  })

  test.each([
    [['down', '--run='], '--run'],
    [['down', '--contexts=a', '--run', ''], '--run'],
    [['test', '--report-dir='], '--report-dir'],
    [['test', '--repeat='], '--repeat'],
    [['images', 'list', '--pins='], '--pins'],
    [['history', 'reports', '--report-dir='], '--report-dir'],
    [['report', 'a', ''], '<folders>'],
    [['verify-report', '', '--key=public.pem'], '<folder>'],
  ])('%j is refused: a variable of a script had no value', (argv, name) => {
    expect(() => readArguments(argv, {})).toThrow(
      expect.objectContaining({ code: 'MP-101', message: `${name} does not take that value: it is empty` }),
    )
  })

  test('npm test --topology gateway --keep -- --plan is told the whole line', () => {
    expect(() =>
      readArguments(['gateway', '--plan'], { npm_config_topology: 'true', npm_config_keep: 'true' }),
    ).toThrow(
      expect.objectContaining({
        code: 'MP-102',
        next: expect.stringMatching(/^npm test -- --topology[ =]gateway --keep --plan$/),
      }),
    )
  })
})
