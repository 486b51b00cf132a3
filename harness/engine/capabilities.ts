import { readFile } from 'node:fs/promises'

// The kernel's names, in the order of their bits (linux/capability.h).
const names =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`.split(/\s+/)

/** The capabilities that a process status (`/proc/self/status`) lacks in its bounding set, as `CAP_…`. */
export const missingIn = (status: string): string[] => {
  const line = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)
  if (!line?.[1]) return []
  const bounding = BigInt(`0x${line[1]}`)
  return names.flatMap((name, bit) => ((bounding >> BigInt(bit)) & 1n ? [] : [`CAP_${name}`]))
}

/** What this host cannot grant to a privileged container; empty where /proc does not exist (macOS, Windows). */
export const missingCapabilities = async (): Promise<string[]> =>
  readFile('/proc/self/status', 'utf8').then(missingIn, () => [])
