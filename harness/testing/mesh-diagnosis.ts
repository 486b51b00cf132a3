import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { meshLayers, type MeshLayer } from '#results/mesh-layers.ts'

type Finding = MeshDiagnosis['layers'][number]['findings'][number]

/** A diagnosis of two clusters with these findings; every other layer is healthy. */
export const diagnosisWith = (
  findings: (Pick<Finding, 'code' | 'where'> & Partial<Finding> & { layer: MeshLayer })[],
  cause?: MeshDiagnosis['cause'],
): MeshDiagnosis => ({
  schema: 'meshproof.diagnosis/v1',
  at: '2026-11-01T12:00:00.000Z',
  seconds: 2,
  topology: 'gateway',
  clusters: ['cluster1', 'cluster2'].map((name, index) => ({
    context: name,
    name,
    role: index === 0 ? 'primary' : 'remote',
    network: `network${index + 1}`,
    kubernetes: '1.34.4',
    istio: '1.31.2',
  })),
  layers: (Object.keys(meshLayers) as MeshLayer[]).map((layer) => {
    const own = findings
      .filter((finding) => finding.layer === layer)
      .map(({ code, where, severity = 'problem', followsFrom, cause: stated }): Finding => ({
        code,
        severity,
        cause: stated ?? 'a gateway has no ready pod behind its service',
        where,
        evidence: ['its service has no ready endpoints'],
        fix: 'kubectl --context=cluster2 -n istio-system get pods,endpointslices',
        ...(followsFrom ? { followsFrom } : {}),
      }))
    const broken = own.some(({ severity }) => severity === 'problem')
    return { layer, verdict: broken ? 'broken' : 'healthy', said: broken ? '' : 'it is well', findings: own }
  }),
  ...(cause ? { cause } : {}),
  exitCode: findings.some(({ severity }) => severity !== 'warning') ? 1 : 0,
})
