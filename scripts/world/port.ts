import { LOCAL_CHAINS } from "../../protocol/params/load.js";

/** Where nodes of this machine's networks are expected (hardhat.config.ts); other ports keep their records apart. The second chain has the next one. */
export const DEFAULT_PORT = LOCAL_CHAINS[0].port;
