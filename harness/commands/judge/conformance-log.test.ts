import { expect, test } from 'vitest'
import { errorIn, lastError, testsIn } from './conformance-log.ts'

const log = `=== RUN   TestConformance
    conformance.go:107: Running conformance tests with:
    apply.go:279: 2026-11-29T17:40:01.2Z: Creating gateway-conformance-mesh Namespace
=== RUN   TestConformance/GatewayInfrastructure
    conformance.go:56: Skipping GatewayInfrastructure: suite does not support Gateway
=== RUN   TestConformance/MeshBasic
=== RUN   TestConformance/MeshBasic/Send_to_service
    request.go:185: 2026-11-29T17:40:05.1Z: Request passed
=== RUN   TestConformance/MeshClusterIPMatching
    conformance.go:56: Skipping MeshClusterIPMatching: suite does not support MeshClusterIPMatching
=== RUN   TestConformance/MeshHTTPRouteWeight
=== RUN   TestConformance/MeshHTTPRouteWeight/Requests_should_have_a_distribution
    httproute-weight.go:84: 
        	Error Trace:	sigs.k8s.io/gateway-api/conformance@v1.6.3/tests/mesh/httproute-weight.go:84
        	Error:      	Received unexpected error:
        	            	the distribution is wrong
        	Test:       	TestConformance/MeshHTTPRouteWeight/Requests
        	Messages:   	weights were not kept
=== RUN   TestConformance/MeshPorts
    apply.go:279: 2026-11-29T17:41:01.2Z: Creating mesh-ports HTTPRoute
--- FAIL: TestConformance (34.03s)
    --- SKIP: TestConformance/GatewayInfrastructure (0.00s)
    --- PASS: TestConformance/MeshBasic (1.25s)
        --- PASS: TestConformance/MeshBasic/Send_to_service (0.05s)
    --- SKIP: TestConformance/MeshClusterIPMatching (0.00s)
    --- FAIL: TestConformance/MeshHTTPRouteWeight (31.00s)
        --- FAIL: TestConformance/MeshHTTPRouteWeight/Requests_should_have_a_distribution (30.00s)
FAIL
`

test('the log names each test for meshes, with its verdict and its reason', () => {
  expect(testsIn(log)).toEqual([
    { name: 'MeshBasic', verdict: 'pass', reason: '', seconds: 1.25 },
    {
      name: 'MeshClusterIPMatching',
      verdict: 'skipped',
      reason: 'suite does not support MeshClusterIPMatching',
      seconds: 0,
    },
    {
      name: 'MeshHTTPRouteWeight',
      verdict: 'fail',
      reason: 'Received unexpected error: the distribution is wrong; weights were not kept',
      seconds: 31,
    },
    { name: 'MeshPorts', verdict: 'not-run', reason: 'the judge ended before it did', seconds: 0 },
  ])
})

test('a test that waits in vain says what was still wrong', () => {
  const waiting = `=== RUN   TestConformance/MeshFrontend/Send_to_pod_IP
    pod.go:72: 2026-11-29T17:58:18Z: Response expectation failed not ready yet: got 404 (after 28 s)
    pod.go:72: 2026-11-29T17:58:19Z: Response expectation failed not ready yet: got 503 (after 29 s)
    http.go:306: 2026-11-29T17:58:19Z: timeout while waiting after 28 attempts, 0/3 successes
    --- FAIL: TestConformance/MeshFrontend (31.37s)
`
  expect(testsIn(waiting)).toMatchObject([{ verdict: 'fail', reason: 'got 503 (after 29 s)' }])
})

test('a reason is short, in one line, and steers no terminal', () => {
  const [found] = testsIn(`=== RUN   TestConformance/MeshFrontend
    pod.go:72: Response expectation failed not ready yet: \u001b[2Jgot ${'x'.repeat(5000)}
    --- FAIL: TestConformance/MeshFrontend (31.37s)
`)
  expect(found?.reason).toMatch(/^␛\[2Jgot x+$/)
  expect(found?.reason).toHaveLength(600)
  expect(lastError(`panic: ${'x'.repeat(5000)}`)).toHaveLength(600)
})

test('an empty log has no tests', () => {
  expect(testsIn('')).toEqual([])
  expect(lastError('')).toBe('it printed nothing')
})

test('a program that fails without a test says why', () => {
  const printed = `=== RUN   TestConformance
    conformance.go:52: 
        	Error Trace:	sigs.k8s.io/gateway-api/conformance@v1.6.3/conformance.go:52
        	Error:      	Received unexpected error:
        	            	invalid configuration
        	Test:       	TestConformance
        	Messages:   	error loading Kubernetes config
--- FAIL: TestConformance (0.00s)
FAIL`
  expect(lastError(printed)).toBe('Received unexpected error: invalid configuration; error loading Kubernetes config')
  expect(lastError('panic: no way\n\nFAIL\n')).toBe('panic: no way')
  expect(errorIn(['all is well'])).toBeUndefined()
})
