/** Everything the attestor needs at one end, checked one by one. */
import { loadParams } from "../../protocol/params/load.js";
import { alertCheck } from "../kit/alerts/open.js";
import { keyChecks, nodeChecks } from "../kit/checks.js";
import { runChecks, type Check, type CheckPlan } from "../kit/doctor.js";
import { limitedText } from "../kit/http/get.js";
import { keyRoleChecks, KEY_GATE } from "../kit/keyRoles.js";
import type { Head } from "../kit/provider.js";
import { placeAt, type Connection, type Connections } from "./connect.js";
import { attestationsAt } from "./peers.js";
import { viewBridge, type BridgeView } from "./view.js";
import { Witness } from "./witness.js";

/** Checks that must hold before anything may be signed or sent; the others are advice. */
export const GATE: ReadonlySet<string> = new Set(["rpc", "chain-id", "bridge", "key", "attesting-key", ...KEY_GATE]);
/** Nothing is signed without nodes that agree. */
export const EXECUTE_GATE: ReadonlySet<string> = new Set([...GATE, "quorum"]);

/** What the attesting key is, announced or in force. */
const ATTESTOR_POWERS: readonly string[] = [".isAttestor", ".attestors", ".scheduledAttestors"];
const PEER_BYTES = 65_536;
const NO_MESSAGE = `0x${"00".repeat(32)}`;

/** Looks at everything of one end; changes nothing. `needKey`: a missing key to pay with is a failure. */
export async function examine(
  { ends, attestingKey }: Connections,
  connection: Connection,
  needKey: boolean,
  alertTest = false,
): Promise<readonly Check[]> {
  const { config, client } = connection;
  const other = ends.find((end) => end !== connection) ?? connection;
  let head: Head | undefined;
  let view: BridgeView | undefined;
  const plans: CheckPlan[] = [
    ...nodeChecks(connection, (seen) => {
      head = seen;
    }),
    {
      name: "bridge",
      expected: "a bridge in the record of each end, and each of them names the other",
      fix: `npx hardhat deploy --network ${config.network.name}, and on the other chain`,
      needs: ["chain-id"],
      look: async () => {
        const [place, remote] = [placeAt(connection), placeAt(other)];
        head = await client.head();
        view = await viewBridge(new Witness(client), place, head, []);
        const { remoteChainId, remoteBridge } = view.set;
        const ok = remoteChainId === remote.chainId && remoteBridge.toLowerCase() === remote.bridge.toLowerCase();
        return { ok, found: `${place.bridge}, other end ${remoteBridge} on chain ${String(remoteChainId)}` };
      },
    },
    {
      name: "attesting-key",
      expected: "a key that opens, or none for a process that only carries",
      fix: "set ATTESTOR_KEYSTORE_FILE and ATTESTOR_KEYSTORE_PASSPHRASE, or ATTESTOR_KMS_KEY_ID",
      needs: ["bridge"],
      look: async () => ({ ok: true, found: (await attestingKey())?.address ?? "none: attests nothing" }),
    },
    {
      name: "attestor",
      expected: "an attesting key that is in the set in force",
      fix: "have the timelock schedule this attestor; it counts two days later",
      needs: ["attesting-key"],
      look: async () => {
        const key = await attestingKey();
        const { epoch, members } = view?.set ?? { epoch: 0n, members: new Set<string>() };
        const set = `${String(members.size)} attestors, epoch ${String(epoch)}`;
        if (key === undefined) return { ok: true, found: `attests nothing; ${set}` };
        return { ok: members.has(key.address), found: `${key.address}; ${set}` };
      },
    },
    {
      name: "threshold",
      expected: "own key and peers enough for the threshold",
      fix: "name the other attestors in ATTESTOR_PEERS",
      needs: ["attesting-key"],
      look: async () => {
        const own = (await attestingKey()) === undefined ? 0 : 1;
        const threshold = view?.set.threshold ?? 0;
        const found = `${String(own)} key, ${String(config.peers.length)} peers, threshold ${String(threshold)}`;
        return { ok: !config.deliver || own + config.peers.length >= threshold, found };
      },
    },
    {
      name: "peers",
      expected: "every peer answers",
      fix: "look at the peers that are named: do they run, with ATTESTOR_LISTEN_PORT?",
      look: async () => {
        const silent: string[] = [];
        for (const peer of config.peers) {
          const url = attestationsAt(peer, NO_MESSAGE);
          const limits = { timeoutMs: config.httpTimeoutMs, maxBytes: PEER_BYTES };
          await limitedText(url.href, { method: "GET" }, limits).catch(() => silent.push(url.host));
        }
        const found = silent.length === 0 ? `${String(config.peers.length)} answer` : `silent: ${silent.join(", ")}`;
        return { ok: silent.length === 0, found };
      },
    },
    ...keyChecks(connection, needKey),
    alertCheck(connection, alertTest),
    ...keyRoleChecks(
      connection,
      () => loadParams(config.network.name, config.deploymentsFolder).params,
      connection.deployment,
      async () => {
        const [payer, key] = await Promise.all([connection.signer(), attestingKey()]);
        return [
          ...(payer === undefined ? [] : [{ what: "payer", address: payer.address, offices: [], powers: [] }]),
          ...(key === undefined
            ? []
            : [{ what: "attesting key", address: key.address, offices: [], powers: ATTESTOR_POWERS }]),
        ];
      },
    ),
  ];
  return runChecks(plans);
}
