// The conformance specification, bottom layer first: a broken layer explains those above it.
import './network.suite.ts'
import './trust.suite.ts'
import './control.suite.ts'
import './discovery.suite.ts'
import './reach.suite.ts'
import './route.suite.ts'
import './mtls.suite.ts'
import './failover.suite.ts'
