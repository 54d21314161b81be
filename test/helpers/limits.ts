/** Limits of tests that nothing is meant to run into. */

/** For one answer of a node on this machine, however busy it is. */
export const TEST_RPC_TIMEOUT_MS = 30_000;
