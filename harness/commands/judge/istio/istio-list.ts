import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { istioJudgeNames } from '#commands/judge/options.ts'

const text = z.string().min(1)
const pattern = z.string().transform((source) => new RegExp(source))

const imageSource = z.enum(['source', 'release'])

const Judge = z.strictObject({
  name: z.enum(istioJudgeNames),
  /** The folder of the tests below `tests/integration`, which is also the name of their program. */
  package: z.enum(['pilot', 'security']),
  /** Whether it is asked once about all clusters together, or once about each. */
  clusters: z.enum(['together', 'each']),
  tests: z.array(text).min(1),
  /** How long its tests took on two clusters and two cores, each time that they were asked. */
  seconds: z.number().positive(),
  /** Whether its tests send requests through an ingress gateway. */
  ingress: z.boolean().default(false),
  /**
   * Subtests that are left out, and why: a regular expression for each level of their names, as `-test.skip` takes it.
   * `images` is the only source of images with which they are.
   */
  without: z.array(z.strictObject({ tests: text, images: imageSource.optional(), why: text })).default([]),
})

const IstioList = z.strictObject({
  judges: z.array(Judge),
  /**
   * Tests that fail, and why. `test` is a regular expression for the name. `on` are the only topologies and `images`
   * the only source of images where it does.
   */
  known: z.array(
    z.strictObject({
      test: pattern,
      on: z.array(text).optional(),
      images: imageSource.optional(),
      why: text,
    }),
  ),
  /** Tests that no judge runs, and why; without `tests` all of a package. */
  leftOut: z.array(z.strictObject({ package: text, tests: z.array(text).optional(), why: text })),
})

/** A judge made of Istio’s integration tests. */
export type IstioJudge = z.infer<typeof Judge>

/** A test that fails, and that is known. */
export type KnownFailure = z.infer<typeof IstioList>['known'][number]

/** The path of the list: which of Istio’s tests run, which are left out, which fail, and why. */
export const istioListFile = join(import.meta.dirname, '../../../../fixtures/judges/istio.yaml')

/** Reads the list of Istio’s tests. */
export const istioList = async (): Promise<z.infer<typeof IstioList>> =>
  IstioList.parse(parse(await readFile(istioListFile, 'utf8')))
