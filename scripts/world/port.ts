/** Where nodes of this machine's networks are expected (hardhat.config.ts); other ports keep their records apart. The second chain has the next one. */
export const DEFAULT_PORT = 8545;
