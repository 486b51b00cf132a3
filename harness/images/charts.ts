import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { MeshproofError, reasonOf } from '#errors.ts'

/** The charts of Istio that a mesh is installed with, by the names in their Chart.yaml. */
export const chartNames = ['base', 'istiod', 'gateway'] as const
/** A chart of Istio, by the name in its Chart.yaml. */
export type ChartName = (typeof chartNames)[number]

/** The path of each chart: a folder, or an archive of `helm package`. */
export const Charts = z.object({ base: z.string(), istiod: z.string(), gateway: z.string() })
export type Charts = z.infer<typeof Charts>

/** True for the address of a repository of charts; anything else is a folder. */
export const isRepository = (charts: string): boolean => /^(oci|https?):\/\//.test(charts)

/**
 * Refuses charts that Helm cannot install the mesh with, before anything is made. A repository is asked later.
 * @throws MeshproofError MP-136 for charts without Helm, MP-360 for a folder without them.
 */
export const requireCharts = async ({
  installer,
  charts,
}: {
  installer?: string | undefined
  charts?: string | undefined
}): Promise<void> => {
  if (charts === undefined) return
  if (installer !== 'helm')
    throw new MeshproofError('MP-136', {
      what: 'Charts are what Helm installs',
      where: `--charts=${charts}`,
      next: 'Add --installer=helm, or leave out --charts.',
    })
  if (!isRepository(charts)) await findCharts(charts)
}

/** Charts are in the folder itself, in its folders, or in theirs (`istio-control/istio-discovery`). */
const deepest = 2

/**
 * Finds the charts of Istio in a folder: folders with a Chart.yaml, whatever they are called, and archives
 * (`istiod-1.31.0.tgz`). The first of a name counts, from the top.
 * @throws MeshproofError MP-360 where the folder does not exist, or lacks a chart.
 */
export const findCharts = async (folder: string): Promise<Charts> => {
  const lacking = (why: string, cause?: unknown): MeshproofError =>
    new MeshproofError('MP-360', {
      what: 'The folder does not have the charts of Istio',
      where: folder,
      why,
      next: `Name a folder with the charts ${chartNames.join(', ')}, such as manifests/charts of Istio’s source.`,
      cause,
    })
  await readdir(folder).catch((cause: unknown) => {
    throw lacking(reasonOf(cause), cause)
  })
  const found = await chartsIn(folder, 0)
  const named = (name: ChartName): string | undefined => found.find((chart) => chart.name === name)?.path
  const missing = chartNames.filter((name) => named(name) === undefined)
  if (missing.length === 0)
    return { base: named('base') ?? '', istiod: named('istiod') ?? '', gateway: named('gateway') ?? '' }
  const others = found.map(({ name }) => name).join(', ')
  const whatIsThere = others === '' ? ', and there is no other' : `; it has ${others}`
  throw lacking(`no chart is called ${missing.join(' or ')}${whatIsThere}`)
}

type Found = { name: string; path: string; depth: number }

const chartsIn = async (folder: string, depth: number): Promise<Found[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  if (entries.some((entry) => entry.name === 'Chart.yaml')) return [{ name: await nameIn(folder), path: folder, depth }]
  const archives = entries.flatMap((entry): Found[] => {
    const [, name] = /^([a-z][a-z-]*?)-v?\d[\w.+-]*\.tgz$/.exec(entry.name) ?? []
    return name === undefined ? [] : [{ name, path: join(folder, entry.name), depth }]
  })
  const folders = depth === deepest ? [] : entries.filter((entry) => entry.isDirectory())
  const below = await Promise.all(folders.map(({ name }) => chartsIn(join(folder, name), depth + 1)))
  return [...archives, ...below.flat()].toSorted((a, b) => a.depth - b.depth)
}

const nameIn = async (folder: string): Promise<string> => {
  const text = await readFile(join(folder, 'Chart.yaml'), 'utf8').catch(() => '')
  try {
    return z.object({ name: z.string() }).safeParse(parse(text)).data?.name ?? ''
  } catch {
    return ''
  }
}
