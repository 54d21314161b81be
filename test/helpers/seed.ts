/** For random runs: the same one every time, and another one under `npm test -- --all-kills`; a failure must say which. */
export function seedOf(fixed: number): number {
  return process.env["CANTILEVER_ALL_KILLS"] === "1" ? Math.floor(Math.random() * 2 ** 31) : fixed;
}
