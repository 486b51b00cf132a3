import { findings as known } from '#diagnosis/findings.ts'
import type { Judged } from '#diagnosis/layer.ts'
import type { MeshAnalysis } from './analyze-mesh.ts'

const withoutIstioctl =
  'there is no istioctl on PATH, and --istioctl names none: what istioctl analyze knows is not among the evidence'

/**
 * Adds to the layer of control planes what could not be had of istioctl. That there is none is said where something is
 * broken, since its messages may then help.
 */
export const addNotes = (judged: readonly Judged[], { notes, missing }: Omit<MeshAnalysis, 'analyzed'>): Judged[] => {
  const broken = judged.some(
    (look) => 'findings' in look && look.findings.some(({ code }) => known[code].severity !== 'warning'),
  )
  const said = missing && broken ? [withoutIstioctl] : notes
  return judged.map((look) =>
    look.layer === 'control' && 'findings' in look ? { ...look, notes: [...(look.notes ?? []), ...said] } : look,
  )
}
