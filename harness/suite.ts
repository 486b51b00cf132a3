/** What a suite is written with: the checks themselves need to know neither the harness nor its clients. */
export {
  check,
  only,
  onSeveralNetworks,
  onSharedNetwork,
  where,
  whereRequestsCross,
  withMutualTls,
  withOneControlPlane,
  withoutMutualTls,
} from '#checks/check.ts'
export { countedIn, haveShares, sharesOf, type Counted, type Shares } from '#checks/zone-shares.ts'
export {
  answerOf,
  localityOf,
  podsOfZones,
  regionOf,
  zoneNames,
  type TrafficPolicy,
  type Zone,
  type Zones,
} from '#checks/zones.ts'
export { inTime } from '#checks/in-time.ts'
export type { CheckContext, CheckHead } from '#checks/check.ts'
export type { Mesh } from '#checks/mesh.ts'
export type { Cluster } from '#checks/cluster.ts'
export type { Visitor } from '#checks/visitor.ts'
export { placeOf, type UpgradeStage } from '#checks/target.ts'
export { because, type CauseCode } from '#results/causes.ts'
export { proxyOf, revisionOfPod } from '#istio/proxy-container.ts'
export { echoOnly, echoPorts, echoService, echoServices } from '#istio/echo.ts'
export { downloadQuestion, streamAnswersIn, streamQuestion, unaryQuestion } from '#probes/grpc-questions.ts'
export {
  clustersIn,
  headersIn,
  headersQuestion,
  hostQuestion,
  httpQuestion,
  httpsQuestion,
  largestBody,
  manyQuestion,
  serverFirstQuestion,
  silentQuestion,
  smallBody,
  uploadQuestion,
  webSocketQuestion,
} from '#probes/protocols.ts'
export type { Question, Reply } from '#probes/question.ts'
export { lossIn } from '#probes/connections.ts'
export { allRefused, allSeen, answersOf, noAnswer, plausible } from '#probes/sample.ts'
export { expect } from 'vitest'
export { overlap } from '#topology/address-range.ts'
export type { Answers } from '#probes/sample.ts'
