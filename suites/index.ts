import { control } from './control.suite.ts'
import { discovery } from './discovery.suite.ts'
import { echoNames } from './echo-names.suite.ts'
import { failover } from './failover.suite.ts'
import { locality } from './locality.suite.ts'
import { mtls } from './mtls.suite.ts'
import { network } from './network.suite.ts'
import { protocol } from './protocol.suite.ts'
import { reach } from './reach.suite.ts'
import { resilience } from './resilience.suite.ts'
import { route } from './route.suite.ts'
import { trust } from './trust.suite.ts'
import { upgrade } from './upgrade.suite.ts'
import { wire } from './wire.suite.ts'

/** The conformance specification, bottom layer first: a broken layer explains those above it. */
export const suites = [
  network,
  trust,
  control,
  upgrade,
  discovery,
  reach,
  route,
  mtls,
  wire,
  failover,
  protocol,
  echoNames,
  resilience,
  locality,
]
