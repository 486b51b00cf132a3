import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadRecipes } from '#images/source/recipes.ts'
import { minorOf } from '#images/version.ts'
import { ConformanceReport } from '#report/conformance.ts'
import { meshproof } from '#testing/e2e/product.ts'

const { kubernetes: usual, kubernetesVersions } = await loadRecipes()
const newer = kubernetesVersions.filter((version) => minorOf(version)! > minorOf(usual)!)

test.each(newer)(
  'the gateway topology passes on Kubernetes %s, built from source',
  { timeout: 40 * 60_000 },
  async (version) => {
    const minor = version.slice(1, version.lastIndexOf('.'))
    const { exitCode, output, results, folder } = await meshproof(
      ['--topology=gateway', '--images=source', `--kubernetes=${minor}`],
      { through: 'npm' },
    )
    expect(exitCode, output).toBe(0)
    expect(results?.environment.kubernetes).toBe(version)
    const report = ConformanceReport.parse(parse(await readFile(join(folder, 'conformance.yaml'), 'utf8')))
    expect(report.versions.kubernetes).toBe(version)
    expect(report.profiles.map(({ name, core }) => [name, core.result])).toEqual([['gateway', 'success']])
  },
)
