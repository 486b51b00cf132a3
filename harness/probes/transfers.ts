/**
 * Bytes of a request that fills one packet of 1,500 bytes and no second one: behind the headers of IP and TCP, their
 * usual options included. Two packets would travel as one large one between interfaces of a machine, past any limit.
 */
export const fullSegment = (host: string): number => (host.includes(':') ? 1420 : 1440)

// What curl sends around the path.
const requestLength = (host: string): number =>
  `GET /? HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: meshproof\r\nAccept: */*\r\nConnection: close\r\n\r\n`.length

const account = '%{http_code}\\t%{time_connect}\\t%{time_appconnect}\\t%{exitcode}\\t%{errormsg}\\n'

/** A host and a port as they stand in a URL. */
export const hostPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/**
 * curl’s arguments for one transfer that is given so many seconds, and an account that begins with a word of ours.
 */
export const transfer = (kind: string, url: string, seconds: number): string[] => [
  '--silent',
  '--insecure',
  '--output',
  '/dev/null',
  '--user-agent',
  'meshproof',
  '--header',
  'Connection: close',
  '--noproxy',
  '*',
  '--connect-timeout',
  '2',
  '--max-time',
  String(seconds),
  '--write-out',
  `${kind}\\t${account}`,
  url,
]

/** A query that makes a request to a host so many bytes long. */
export const sized = (host: string, bytes: number): string => 'x'.repeat(Math.max(1, bytes - requestLength(host)))

/** curl’s account of one transfer; times are seconds, 0 where it did not come so far. */
export type Transfer = { kind: string; status: number; connected: number; secured: number; exit: number; said: string }

/** The accounts in what curl printed. */
export const transfersIn = (output: string): Transfer[] =>
  output.split('\n').flatMap((line) => {
    const [kind = '', status, connected, secured, exit, said = ''] = line.split('\t')
    return exit === undefined
      ? []
      : [
          {
            kind,
            status: Number(status),
            connected: Number(connected),
            secured: Number(secured),
            exit: Number(exit),
            said,
          },
        ]
  })

/** curl’s exit code for a transfer that ran out of time. */
export const timedOut = 28
