/** Where a node of the local network is expected (hardhat.config.ts); another port keeps its record apart. */
export const DEFAULT_PORT = 8545;
