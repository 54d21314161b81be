/** Where this keeper works: Ethereum, which has no parameters here because nothing of Cantilever is there, or a network that has some. */
import { keeperNetwork, type KeeperNetwork } from "../kit/config.js";

const MAINNET: KeeperNetwork = { name: "mainnet", chainId: 1, local: false, keeper: undefined, blockMs: 12_000 };

/** @throws UsageError UNKNOWN_NETWORK; ParameterError */
export function redeemerNetwork(name: string, folder?: string): KeeperNetwork {
  return name === MAINNET.name ? MAINNET : keeperNetwork(name, folder);
}
