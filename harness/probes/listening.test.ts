import { expect, test } from 'vitest'
import { listeningIn } from './listening.ts'

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const socket = (local: string, state = '0A'): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1337        0 47385 1\n`

test('a port is open to others unless every program on it listens on loopback alone', () => {
  const list = head + socket('00000000:1388') + socket('0100007F:3A98') + socket('0500140A:1F90')
  expect(listeningIn(list)).toEqual([
    { port: 5000, onlyLocal: false },
    { port: 15000, onlyLocal: true },
    { port: 8080, onlyLocal: false },
  ])
  const six = head + socket('00000000000000000000000001000000:0050') + socket('00000000000000000000000000000000:0051')
  expect(listeningIn(six)).toEqual([
    { port: 80, onlyLocal: true },
    { port: 81, onlyLocal: false },
  ])
  expect(listeningIn(head + socket('0100007F:1388') + socket('0500140A:1388'))).toEqual([
    { port: 5000, onlyLocal: false },
  ])
})

test('connections are no listeners, and an output without the list says nothing', () => {
  expect(listeningIn(head + socket('0500140A:1388', '01'))).toEqual([])
  expect(listeningIn('cat: not found')).toBeUndefined()
})
