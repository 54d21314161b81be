/** Everything this keeper needs, checked one by one. */
import { formatEther, formatUnits } from "ethers";

import { alertCheck } from "../kit/alerts/open.js";
import { keyChecks, nodeChecks } from "../kit/checks.js";
import type { Counters } from "../kit/counters.js";
import { runChecks, type Check, type CheckPlan } from "../kit/doctor.js";
import type { Head } from "../kit/provider.js";
import { openSite, type Connection } from "./connect.js";
import { tokenAbi } from "./encode.js";
import { protocolOf } from "./protocols.js";
import type { RescueSite } from "./site.js";

/** Checks that must hold before anything may be sent, those of all protocols among them; the others are advice. */
export const GATE: ReadonlySet<string> = new Set([
  ...["rpc", "chain-id", "system", "escrow", "key"],
  ...["destination", "market", "token", "ether"],
]);
/** Nothing is signed without nodes that agree. */
export const EXECUTE_GATE: ReadonlySet<string> = new Set([...GATE, "quorum"]);

/** Looks at everything; changes nothing. `needKey`: a missing key is a failure. `alertTest`: sends a message through every channel. */
export async function examine(
  connection: Connection,
  counters: Counters,
  needKey: boolean,
  alertTest = false,
): Promise<readonly Check[]> {
  const { client, config } = connection;
  let head: Head | undefined;
  let site: RescueSite | undefined;
  const protocol = protocolOf(config).checks(connection);
  const plans: CheckPlan[] = [
    ...nodeChecks(connection, (seen) => {
      head = seen;
    }),
    ...protocol.filter(({ name }) => GATE.has(name)),
    {
      name: "system",
      expected: "code at every address of the system",
      fix: "is it the right network? the settings of the protocol name the addresses of another system",
      needs: ["chain-id", "destination"],
      look: async () => {
        site = openSite(connection, counters);
        const without: string[] = [];
        for (const [name, address] of Object.entries(site.contracts)) {
          if (String(await client.request("eth_getCode", [address, "latest"])) === "0x") without.push(name);
        }
        const found = without.length === 0 ? Object.keys(site.contracts).join(", ") : `none at ${without.join(", ")}`;
        return { ok: without.length === 0, found };
      },
    },
    {
      name: "escrow",
      expected: "the escrow of bounties of this system, or none where rescues are not paid for",
      fix: "set REDEEMER_BOUNTY_ESCROW, see docs/rescue-bounty.md",
      needs: config.mode === "service-provider" ? ["system"] : [],
      look: async () => {
        const account = (await connection.signer())?.address;
        return { ok: true, found: (await site?.earnings?.verify(account)) ?? "none" };
      },
    },
    {
      name: "ether",
      expected: "the market in which ether is bought, or none where it comes from elsewhere",
      fix: "look at the settings REDEEMER_SWAP_…",
      needs: config.swap === undefined ? [] : ["system"],
      look: async () => ({ ok: true, found: (await site?.etherSupply?.verify()) ?? "none" }),
    },
    {
      name: "unused",
      expected: "no raw key in the environment",
      fix: "take it out: this keeper reads keystores and KMS keys only, see KEEPER_KEYSTORE_FILE",
      look: () => {
        const { ignored } = config;
        return Promise.resolve({ ok: ignored.length === 0, found: ignored.length === 0 ? "none" : ignored.join(", ") });
      },
    },
    ...keyChecks(connection, needKey),
    ...protocol.filter(({ name }) => !GATE.has(name)),
    {
      name: "means",
      expected: "some of the token, and ether above the reserve",
      fix: "send both to the keeper's address",
      needs: ["system", "key"],
      look: async () => {
        const key = await connection.signer();
        if (key === undefined || head === undefined || site === undefined) return { ok: true, found: "no key" };
        const { token } = site;
        const data = tokenAbi.encodeFunctionData("balanceOf", [key.address]);
        const units = BigInt(String(await client.request("eth_call", [{ to: token.address, data }, "latest"])));
        const wei = BigInt(String(await client.request("eth_getBalance", [key.address, "latest"])));
        return {
          ok: (units > config.reserveUnits || config.mode === "watch") && wei > config.reserveWei,
          found: `${formatUnits(units, token.decimals)} ${token.symbol}, ${formatEther(wei)} ether`,
        };
      },
    },
    alertCheck(connection, alertTest),
  ];
  return runChecks(plans);
}
