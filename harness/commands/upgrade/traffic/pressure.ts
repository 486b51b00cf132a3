/**
 * How short a machine was of processor time: the share of a time in which at least one of its tasks waited for a
 * processor (Linux, “Pressure stall information”). Times are in milliseconds since the epoch.
 */
export type Pressure = { cluster: string; from: number; to: number; share: number }

/** The name of the file in which a client outside the mesh records the pressure (fixtures/workloads/prober.yaml). */
export const pressureFile = 'cpu-pressure'

/**
 * Reads what one pod recorded about its machine. A line has the time of day and the time since the machine started, in
 * seconds, and for how long tasks have waited so far, in microseconds. The file is empty where the machine does not
 * measure this.
 */
export const parsePressure = (cluster: string, text: string): Pressure[] => {
  const records = [...text.matchAll(/^(\d+) (\d+\.\d+) (\d+)$/gm)].map(([, at, uptime, waited]) => ({
    at: Number(at) * 1000,
    uptime: Number(uptime) * 1000,
    waited: Number(waited) / 1000,
  }))
  return records.slice(1).flatMap(({ at, uptime, waited }, index) => {
    const before = records[index]
    const lasted = before === undefined ? 0 : uptime - before.uptime
    return before === undefined || lasted <= 0
      ? []
      : [{ cluster, from: before.at, to: at, share: Math.min(1, (waited - before.waited) / lasted) }]
  })
}
