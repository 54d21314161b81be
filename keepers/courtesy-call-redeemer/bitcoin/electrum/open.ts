/** The servers of a configuration, ready to be asked; connections open with the first question. */
import type { BitcoinConfig } from "../config.js";
import { ElectrumClient } from "./client.js";
import { ElectrumServers } from "./servers.js";

/** A history of many thousand payments still fits. */
export const MAX_BYTES = 16 * 1024 * 1024;
/** A server that lied is asked again after so long: it may have been mended. */
const LEAVE_OUT_MS = 3_600_000;

/** A look is a few questions; so many times the time of one are enough for all of them. */
const DEADLINE_TIMEOUTS = 3;

export function openServers(
  config: Pick<BitcoinConfig, "servers" | "agreeing" | "timeoutMs" | "network">,
): ElectrumServers {
  const limits = { timeoutMs: config.timeoutMs, maxBytes: MAX_BYTES };
  const clients = config.servers.map((server) => new ElectrumClient(server, limits));
  const { agreeing, network, timeoutMs } = config;
  return new ElectrumServers(clients, {
    ...{ agreeing, leaveOutMs: LEAVE_OUT_MS, deadlineMs: DEADLINE_TIMEOUTS * timeoutMs },
    hasEasyBlocks: network === "testnet",
  });
}
