/** The checks that every keeper makes, and what follows from them at its start. */
import { formatEther } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import type { ChainConnection } from "./chain.js";
import type { Check, CheckPlan } from "./doctor.js";
import type { KeeperLog } from "./logger.js";
import type { Head } from "./provider.js";

/** `rpc`, `chain-id`, `providers` and `quorum`. `onHead` gets the newest block. */
export function nodeChecks(
  { client, config }: ChainConnection,
  onHead: (head: Head) => void = () => undefined,
): CheckPlan[] {
  return [
    {
      name: "rpc",
      expected: "a node that answers",
      fix: config.network.local
        ? "start the local world: npm start"
        : "check the RPC variable of the network and its node",
      look: async () => {
        const head = await client.head();
        onHead(head);
        return { ok: true, found: `${client.shownUrl} at block ${String(head.number)}` };
      },
    },
    {
      name: "chain-id",
      expected: String(client.chainId),
      fix: "point the RPC variable of this network to a node of its chain",
      needs: ["rpc"],
      look: async () => {
        await client.assertChain();
        return { ok: true, found: String(client.chainId) };
      },
    },
    {
      name: "providers",
      expected: "every node in step and on the same branch of the chain",
      fix: "look at the nodes that are named, or take them out of the RPC variable",
      needs: ["chain-id"],
      look: async () => {
        await client.fleet.probe();
        const { state, reasons } = client.fleet.report();
        const resting = client.endpoints.some(({ quarantine }) => quarantine.reason !== undefined);
        return { ok: !resting, found: [`${String(client.endpoints.length)} nodes, ${state}`, ...reasons].join("; ") };
      },
    },
    {
      name: "quorum",
      expected: "enough nodes that agree on money reads",
      fix: "add nodes of different operators to the RPC variable, or set KEEPER_RPC_QUORUM to what you accept",
      needs: ["chain-id"],
      look: () => {
        const { state, reasons, quorum } = client.fleet.report();
        const found = [`${String(quorum)} must agree`, ...(state === "no-quorum" ? reasons : [])].join("; ");
        return Promise.resolve({ ok: state !== "no-quorum", found });
      },
    },
  ];
}

/** `key` and `balance`. `needKey`: a missing key is a failure. */
export function keyChecks({ client, config, signer }: ChainConnection, needKey: boolean): CheckPlan[] {
  return [
    {
      name: "key",
      expected: needKey ? "a key that opens" : "a key that opens, or none for a dry run",
      fix: "set KEEPER_KEYSTORE_FILE and KEEPER_KEYSTORE_PASSPHRASE",
      look: async () => {
        const key = await signer();
        return { ok: key !== undefined || !needKey, found: key?.address ?? "none: only dry runs" };
      },
    },
    {
      name: "balance",
      expected: `at least ${formatEther(config.minBalanceWei)} of the chain's coin`,
      fix: "send coins to the keeper's address",
      needs: ["chain-id", "key"],
      look: async () => {
        const key = await signer();
        if (key === undefined) return { ok: true, found: "no key" };
        const balanceWei = BigInt(String(await client.request("eth_getBalance", [key.address, "latest"])));
        return { ok: balanceWei >= config.minBalanceWei, found: `${key.address} holds ${formatEther(balanceWei)}` };
      },
    },
  ];
}

/**
 * Refuses to start while a check of `gate` fails, something that could make an action harmful or pointless; the others are advice. Logs
 * all of them. @throws PermanentError GATE_FAILED
 */
export function requireGate(checks: readonly Check[], gate: ReadonlySet<string>, log: KeeperLog): void {
  for (const { ok, name, found, expected, fix } of checks) {
    if (!ok) log[gate.has(name) ? "error" : "warn"](`gate.${name}`, { found, expected, fix });
  }
  const failed = checks.filter((check) => gate.has(check.name) && !check.ok);
  if (failed.length === 0) return;
  throw new PermanentError(
    "GATE_FAILED",
    `not started: ${failed.map((check) => `${check.name}: found ${check.found}, expected ${check.expected}`).join("; ")}`,
    failed[0]?.fix,
    { checks: failed.map((check) => check.name).join(",") },
  );
}
