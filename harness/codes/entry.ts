/** What a code means. Every area has entries of this form, some with a field more; docs/codes.md is made from them. */
export type CodeEntry = {
  /** The meaning, in one line. It follows a code, so it begins with a small letter and ends without a full stop. */
  cause: string
  /** What a user sees. */
  shows: string
  /** What to do about it. */
  fix: string
  /** Where it was seen, or where the rule stands: threads of issues, documents. */
  sources?: readonly string[]
}
