import { stringify } from 'yaml'
import type { Cell } from '#results/cells.ts'
import { shellWords } from './shell.ts'

/**
 * The cells as a child pipeline of GitLab, in YAML. Each cell is a job, which keeps its report even if it fails. A last
 * job merges the reports. Runners, images and services belong in a file that is included beside it (docs.gitlab.com,
 * “Downstream pipelines”).
 */
export const forGitLab = (cells: readonly Cell[]): string =>
  stringify(
    {
      // Without these rules GitLab creates no child pipeline for merge requests.
      workflow: { rules: [{ when: 'always' }] },
      stages: ['cells', 'report'],
      default: { before_script: ['npm ci'] },
      ...Object.fromEntries(
        cells.map(({ name, args }) => [
          `cell ${name}`,
          {
            stage: 'cells',
            script: [`npx meshproof ${shellWords([...args, `--report-dir=reports/${name}`])}`],
            // Cells that test the same mesh run one after the other.
            ...(args.some((arg) => arg.startsWith('--contexts=')) ? { resource_group: 'meshproof' } : {}),
            artifacts: { when: 'always', paths: [`reports/${name}/`], reports: { junit: `reports/${name}/junit.xml` } },
          },
        ]),
      ),
      'all cells': {
        stage: 'report',
        when: 'always',
        script: [
          `printf '%s' ${shellWords([JSON.stringify({ cells })])} > cells.json`,
          'npx meshproof report reports --cells=cells.json',
        ],
        artifacts: { when: 'always', paths: ['reports/'] },
      },
    },
    { lineWidth: 0 },
  )
