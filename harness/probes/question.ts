/** A question over one protocol: its name for people, and the lines of shell that ask it and print the answer. */
export type Question = { name: string; script: string }

/** An answer: what was printed, and what curl and echo say in it. */
export type Reply = {
  name: string
  /** HTTP’s status; 0 where there was no HTTP answer. */
  status: number
  /** The bytes that were sent and received as bodies. */
  sent: number
  received: number
  /** The status of a gRPC call; undefined where the server told none. */
  grpcStatus: number | undefined
  /** curl’s own words where it failed. */
  error: string
  /** The value of a field that echo prints, such as Proto or Cluster. */
  field: (name: string) => string | undefined
  /** Everything that was printed, without bytes that are no text. */
  text: string
}

/** The bytes of a mebibyte. */
export const mebibyte = 2 ** 20

/** Bytes for printf: what is no letter or digit is octal. */
export const octal = (bytes: Buffer): string =>
  [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
