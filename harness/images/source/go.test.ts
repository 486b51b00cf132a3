import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { emptyCache, failingWith, fakeProgram, scratchFolder, setVariable, withoutPrograms } from '#testing/edge.ts'
import { artifact, artifactPath, isCached } from '#images/cache.ts'
import { buildProgram } from './go.ts'

const mismatch = `go: downloading sigs.k8s.io/kind v0.30.0
verifying sigs.k8s.io/kind@v0.30.0: checksum mismatch
\tdownloaded: h1:Dm1GGhnG3D/3xQ1MJ0ZAqIlJGlWyVSP3X9cWuXaOvMA=
\tgo.sum:     h1:2Xi1KFEfSMm0XDcvKnUt15ZfgRPCT0OnCBbpgh8DztY=

SECURITY ERROR
This download does NOT match an earlier download recorded in go.sum.
The bits may have been replaced on the origin server, or an attacker may
have intercepted the download attempt.`

const build = (folder: string): Promise<void> =>
  buildProgram(
    { name: 'kind', tags: 'vtprotobuf', ldflags: '-X main.version=1' },
    { name: 'kind', package: 'sigs.k8s.io/kind' },
    { os: 'linux', arch: 'arm64' },
    folder,
  )

const fromCheckout = (folder: string): Promise<void> =>
  buildProgram(
    { name: 'istio', tags: '', ldflags: '', checkout: '/src/istio' },
    { name: 'pilot-agent', package: 'istio.io/istio/pilot/cmd/pilot-agent' },
    { os: 'linux', arch: 'amd64' },
    folder,
  )

describe('building a Go program', () => {
  test('builds a static program for the platform, and adds nothing to the pins', async () => {
    const folder = await scratchFolder()
    await fakeProgram('go', `echo "$GOGC $CGO_ENABLED $GOOS/$GOARCH $*" > '${join(folder, 'command')}'`)
    await build(folder)
    const command = await readFile(join(folder, 'command'), 'utf8')
    expect(command).toMatch(
      new RegExp(
        String.raw`^400 0 linux\/arm64 build -C \S+\/fixtures\/images\/kind -mod=readonly .*-tags vtprotobuf .*` +
          String.raw`-X main\.version=1 -o \S+\/kind sigs\.k8s\.io\/kind$`,
        'm',
      ),
    )
  })

  test('builds a program of the tests of a package', async () => {
    const folder = await scratchFolder()
    await fakeProgram('go', `echo "$*" > '${join(folder, 'command')}'`)
    await buildProgram(
      { name: 'gateway-api-conformance', tags: '', ldflags: '' },
      { name: 'conformance', package: '.', tests: true },
      { os: 'linux', arch: 'amd64' },
      folder,
    )
    const command = await readFile(join(folder, 'command'), 'utf8')
    expect(command).toMatch(/^test -C \S+\/gateway-api-conformance -c -vet=off .* -o \S+\/conformance \.$/m)
  })

  test('says how much of it is compiled, where it is known how much there is', async () => {
    await fakeProgram('go', 'for p in errors internal/abi k8s.io/api/core/v1; do echo "$p" >&2; done')
    const shares: number[] = []
    const making = { advanced: (share: number) => void shares.push(share) }
    const platform = { os: 'linux', arch: 'amd64' }
    const module = { name: 'kind', tags: '', ldflags: '' }
    const program = { name: 'kind', package: 'sigs.k8s.io/kind' }
    await buildProgram(module, program, platform, await scratchFolder(), making)
    expect(shares).toEqual([])
    await buildProgram(module, { ...program, packages: 4 }, platform, await scratchFolder(), making)
    expect(shares).toEqual([0.225, 0.45, expect.closeTo(0.675)])
  })

  test('is refused where a module does not match its checksum, and nothing is cached', async () => {
    await emptyCache()
    await fakeProgram('go', failingWith(mismatch))
    await expect(artifact('kind', '0123', build)).rejects.toMatchObject({
      code: 'MP-311',
      message: expect.stringContaining('(kind): verifying sigs.k8s.io/kind@v0.30.0: checksum mismatch'),
    })
    expect(await isCached('kind', '0123')).toBe(false)
    expect(await readdir(join(artifactPath('kind', '0123'), '..'))).toEqual([])
  })

  test('that does not compile leaves no program and says the compiler’s last line', async () => {
    const folder = await scratchFolder()
    await writeFile(join(folder, 'kind'), 'half a program')
    await fakeProgram('go', failingWith('fmt\n# sigs.k8s.io/kind\nmain.go:7:2: undefined: x\nnet/http'))
    await expect(build(folder)).rejects.toMatchObject({
      code: 'MP-312',
      message: expect.stringContaining('undefined: x'),
    })
    expect(await readdir(folder)).toEqual([])
  })

  test('of a checkout uses its go.mod and the settings of the user', async () => {
    const folder = await scratchFolder()
    await fakeProgram('go', `echo "$GOFLAGS $*" > '${join(folder, 'command')}'`)
    setVariable('GOFLAGS', '-mod=vendor')
    await fromCheckout(folder)
    expect(await readFile(join(folder, 'command'), 'utf8')).toMatch(
      /^-mod=vendor build -C \/src\/istio -trimpath .*istio\.io\/istio\/pilot\/cmd\/pilot-agent$/m,
    )
  })

  test('of a checkout that does not compile says what the compiler says first', async () => {
    const folder = await scratchFolder()
    await fakeProgram(
      'go',
      failingWith(
        'go: downloading istio.io/api v1.31.1\n# istio.io/istio/pkg/a\npkg/a/a.go:7:2: undefined: ' +
          'x\npkg/a/a.go:9:1: missing return\npkg/a/b.go:1:1: expected package\npkg/a/b.go:2:1: more',
      ),
    )
    await expect(fromCheckout(folder)).rejects.toMatchObject({
      code: 'MP-351',
      message:
        'A program could not be built from the checkout (pilot-agent, /src/istio): pkg/a/a.go:7:2: undefined: x; ' +
        'pkg/a/a.go:9:1: missing return; pkg/a/b.go:1:1: expected package',
    })
    await fakeProgram('go', failingWith('go: updates to go.mod needed; to update it:\n\tgo mod tidy'))
    await expect(fromCheckout(folder)).rejects.toMatchObject({
      code: 'MP-351',
      message: expect.stringContaining('updates to go.mod needed; to update it:; go mod tidy'),
    })
  })

  test('reports that Go is missing', async () => {
    await withoutPrograms()
    await expect(build(await scratchFolder())).rejects.toMatchObject({ code: 'MP-310' })
  })
})
