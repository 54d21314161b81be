/** The chains that can be simulated, in the order in which a spread is taken. */
import { LOCAL_CHAINS } from "../../protocol/params/load.js";

export const TWO_CHAINS = [LOCAL_CHAINS[0].chainId, LOCAL_CHAINS[1].chainId] as const;
