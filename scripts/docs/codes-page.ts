import { checkCodes, unexplainedCodes } from '#codes/checks.ts'
import { clusterAnswerCodes } from '#codes/cluster-answers.ts'
import { commandLineCodes } from '#codes/command-line.ts'
import { existingClusterCodes } from '#codes/existing-clusters.ts'
import { sourceImageCodes } from '#codes/images-from-source.ts'
import { inClusterCodes } from '#codes/in-cluster.ts'
import { type Code, type CodeEntry, diagnosisCodes, upgradeCodes } from '#codes/index.ts'
import { installingCodes } from '#codes/installing.ts'
import { judgeCodes } from '#codes/judges.ts'
import { labCodes } from '#codes/lab.ts'
import { machineCodes } from '#codes/machine.ts'
import { matrixCodes } from '#codes/matrix.ts'
import { probeCodes } from '#codes/probes.ts'
import { programCodes } from '#codes/program.ts'
import { proveCodes } from '#codes/prove.ts'
import { publishedImageCodes } from '#codes/published-images.ts'
import { reportCodes } from '#codes/reports.ts'
import { topologyFileCodes } from '#codes/topology-files.ts'
import { upgradeRefusalCodes } from '#codes/upgrade-refusals.ts'
import { type MeshLayer, meshLayers } from '#results/mesh-layers.ts'
import { layers } from '#results/results.ts'

/** An entry with what some areas know beside it. */
type Entry = CodeEntry & { layer?: string; severity?: 'warning'; verdict?: string }

/** Codes of one kind, with what introduces them in the document. */
type Chapter = { title: string; codes: Readonly<Record<string, Entry>> }

const withLayer = (codes: Chapter['codes'], wanted: string): Chapter['codes'] =>
  Object.fromEntries(Object.entries(codes).filter(([, { layer }]) => layer === wanted))

const withVerdict = (wanted: (typeof upgradeCodes)[keyof typeof upgradeCodes]['verdict']): Chapter['codes'] =>
  Object.fromEntries(Object.entries(upgradeCodes).filter(([, { verdict }]) => verdict === wanted))

/** The parts of the document, by who prints their codes. `kind` is what the chapters’ titles begin with. */
const parts: { title: string; kind: string; about: string; chapters: Chapter[] }[] = [
  {
    title: 'Found by diagnose',
    kind: 'Diagnose',
    about:
      '`meshproof diagnose` looks at an existing mesh, layer by layer from the bottom. A problem ends it with exit ' +
      'code 1. A warning explains what users see and breaks nothing.',
    chapters: (Object.keys(meshLayers) as MeshLayer[]).map((layer) => ({
      title: meshLayers[layer],
      codes: withLayer(diagnosisCodes, layer),
    })),
  },
  {
    title: 'Named by checks',
    kind: 'Check',
    about:
      'A check that fails names its cause, and the run ends with exit code 1. The first broken layer, from the ' +
      'bottom, explains what fails above it.',
    chapters: [
      ...layers.map((layer) => ({ title: layer, codes: withLayer(checkCodes, layer) })),
      { title: 'any layer', codes: unexplainedCodes },
    ],
  },
  {
    title: 'Found by upgrades',
    kind: 'Upgrade',
    about:
      '`meshproof upgrade` rests its verdict on these. A finding of the verdict `fail` ends it with exit code 1, ' +
      '`inconclusive` with 2; `warn` leaves it green.',
    chapters: [
      { title: 'it failed', codes: withVerdict('fail') },
      { title: 'the verdict stays open', codes: withVerdict('inconclusive') },
      { title: 'green, with a warning', codes: withVerdict('warn') },
    ],
  },
  {
    title: 'Errors',
    kind: 'Error',
    about:
      'An error ends the program with exit code 2 where nothing else is said, and is no verdict on the mesh. Its ' +
      'message says what went wrong, where and why, and the next step.',
    chapters: [
      { title: 'the program', codes: programCodes },
      { title: 'the command line', codes: commandLineCodes },
      { title: 'topology files', codes: topologyFileCodes },
      { title: 'report folders', codes: reportCodes },
      { title: 'existing clusters', codes: existingClusterCodes },
      { title: 'upgrades that do not begin', codes: upgradeRefusalCodes },
      { title: 'matrices and several versions', codes: matrixCodes },
      { title: 'running inside a cluster', codes: inClusterCodes },
      { title: 'the machine and its engine', codes: machineCodes },
      { title: 'images from source', codes: sourceImageCodes },
      { title: 'published images', codes: publishedImageCodes },
      { title: 'judges', codes: judgeCodes },
      { title: 'labs', codes: labCodes },
      { title: 'answers of clusters', codes: clusterAnswerCodes },
      { title: 'installing Istio', codes: installingCodes },
      { title: 'probes', codes: probeCodes },
      { title: 'proving', codes: proveCodes },
    ],
  },
]

/**
 * The document of codes: a section for every code, part by part and chapter by chapter. Markdown; `shownBy` are the
 * faults that prove a code.
 */
export const codesPage = (shownBy: (code: Code) => string[]): string =>
  [
    '# Codes',
    '',
    'Everything that meshproof finds or refuses has a code. A code keeps its meaning from version to version, also',
    'where the words around it change. Generated by `npm run docs` from harness/codes/.',
    '',
    ...parts.map(({ title, kind, chapters }) => {
      const links = chapters.map((chapter) => linkTo(`${kind}: ${chapter.title}`, chapter.title))
      return `- ${linkTo(title)}: ${links.join(', ')}`
    }),
    '',
    ...parts.flatMap(({ title, kind, about, chapters }) => [
      `# ${title}`,
      '',
      about,
      '',
      ...chapters.flatMap((chapter) => [
        `# ${kind}: ${chapter.title}`,
        '',
        ...Object.entries(chapter.codes).flatMap(([code, entry]) =>
          section(code as Code, entry, shownBy(code as Code)),
        ),
      ]),
    ]),
  ].join('\n')

const section = (code: Code, { cause, shows, fix, sources = [], severity }: Entry, faults: string[]): string[] => {
  const threads = sources.filter((source) => /#\d+$/.test(source))
  const documents = sources.filter((source) => !threads.includes(source))
  return [
    `<a id="${code.toLowerCase()}"></a>`,
    `## ${code} ${capital(cause)}`,
    '',
    ...(severity === 'warning' ? ['A warning: it explains what users see and breaks nothing.', ''] : []),
    `What you see: ${shows}`,
    '',
    `What to do: ${fix}`,
    '',
    ...(threads.length > 0 ? [`Seen in ${threads.join(', ')}.`, ''] : []),
    ...(documents.length > 0 ? [`Documented in ${documents.join(', ')}.`, ''] : []),
    ...(faults.length > 0
      ? [`Proven by the fault${faults.length > 1 ? 's' : ''} ${faults.map((name) => `\`${name}\``).join(', ')}.`, '']
      : []),
  ]
}

/** A link to a heading, whose anchor is its words without punctuation, as GitHub makes it. */
const linkTo = (heading: string, text = heading): string =>
  `[${text}](#${heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')})`

/** Programs and names that keep their small letter at the beginning of a heading. */
const keepsItsLetter =
  /^(?:istiod|istio-system|istioctl|kind|kube-proxy|skopeo|mmdebstrap|npm|meshNetworks|helloworld)\b/

const capital = (text: string): string =>
  keepsItsLetter.test(text) ? text : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
