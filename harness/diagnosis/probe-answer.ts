import { meshLayers, type MeshLayer } from '#results/mesh-layers.ts'
import { inOneLine } from '#results/text.ts'

/** What a client was answered: the status (0: nothing came), and the body. */
export type Answer = { status: number; body: string }

/** Where a request ends, by Envoy’s own words to the client: the layer to look at, and what it means. */
export type Ending = { layer: MeshLayer; means: string }

/**
 * How Envoy says to a client why it has no answer (its local replies). An answer of the application itself is not among
 * them.
 */
const endings: [(answer: Answer) => boolean, Ending][] = [
  [
    ({ status, body }) => status === 403 && /RBAC: access denied/.test(body),
    { layer: 'server', means: 'an AuthorizationPolicy of the server refuses the client' },
  ],
  [({ body }) => /fault filter abort/.test(body), { layer: 'route', means: 'a route aborts the request on purpose' }],
  [
    ({ body }) => /no healthy upstream/.test(body),
    { layer: 'endpoints', means: 'the client’s proxy has no endpoint that it would use' },
  ],
  [
    ({ body }) => /TLS_error|CERTIFICATE_VERIFY_FAILED|UNKNOWN_CA/.test(body),
    { layer: 'transport', means: 'the handshake of mutual TLS fails' },
  ],
  [
    ({ body }) => /connection timeout|connection failure|delayed connect error|remote address/.test(body),
    { layer: 'gateways', means: 'the address that the client’s proxy dials cannot be reached' },
  ],
  [
    ({ body }) => /connection termination|reset reason|upstream connect error/.test(body),
    { layer: 'gateways', means: 'the connection is closed on the way, or by the server' },
  ],
  [
    ({ status, body }) => (status === 404 || status === 503) && body === '',
    { layer: 'route', means: 'the client’s proxy has no route, or one to a subset that does not exist' },
  ],
  [
    ({ status, body }) => status === 504 || /upstream request timeout/.test(body),
    { layer: 'gateways', means: 'the request is sent, and no answer comes in time' },
  ],
]

/** Where an answer says that a request ended; undefined where it does not say. */
export const endingOf = (answer: Answer): Ending | undefined => endings.find(([fits]) => fits(answer))?.[1]

/** An answer in one line, as evidence: its status, Envoy’s words, and the layer that they point to. */
export const answerLine = (answer: Answer): string => {
  const ending = endingOf(answer)
  const words = inOneLine(answer.body).slice(0, 300)
  return [
    `the client’s proxy answered ${answer.status || 'nothing'}${words === '' ? '' : `: ${words}`}`,
    ...(ending ? [`look at: ${meshLayers[ending.layer]}`] : []),
  ].join('; ')
}
