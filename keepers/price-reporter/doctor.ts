/** Everything the reporter needs, checked one by one. */
import { formatEther, formatUnits } from "ethers";

import { describeError } from "../kit/logger.js";
import { runChecks, type Check, type CheckPlan } from "../kit/doctor.js";
import { connectFeeds, type ConnectedFeed, type Connection } from "./connect.js";
import { PRICE_DECIMALS, type PriceSource } from "./sources.js";

const refuseToSend = (): Promise<string> => Promise.reject(new Error("doctor sends nothing"));

/** Looks at everything; changes nothing. `needKey`: a missing payer is a failure. */
export async function examine(connection: Connection, needKey: boolean): Promise<readonly Check[]> {
  const { client, config } = connection;
  let feeds: readonly ConnectedFeed[] = [];
  let prices: PriceSource | undefined;
  const plans: CheckPlan[] = [
    {
      name: "rpc",
      expected: "a node that answers",
      fix: config.network.local
        ? "start the local world: npm start"
        : "check the RPC variable of the network and its node",
      look: async () => ({ ok: true, found: `${client.shownUrl} at block ${String((await client.head()).number)}` }),
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
      name: "feeds",
      expected: "signed feeds in the record, with the ids of the parameters",
      fix: `npx hardhat deploy --network ${config.network.name}`,
      needs: ["chain-id"],
      look: async () => {
        feeds = await connectFeeds(connection, refuseToSend);
        return { ok: feeds.length > 0, found: `${String(feeds.length)} feeds` };
      },
    },
    {
      name: "signers",
      expected: "keys of this process that are reporters of every feed",
      fix: "set REPORTER_KEYSTORE_FILE and REPORTER_KEYSTORE_PASSPHRASE, or have the timelock schedule this reporter",
      needs: ["feeds"],
      look: async () => {
        const own = await Promise.all((await connection.roundSigners()).map((signer) => signer.getAddress()));
        const strangers = new Set<string>();
        for (const feed of feeds) {
          const reporters = await feed.reporters();
          for (const address of own)
            if (!reporters.includes(address)) strangers.add(`${address} (${feed.description})`);
        }
        const found = strangers.size > 0 ? `no reporters: ${[...strangers].join(", ")}` : own.join(", ");
        return { ok: own.length > 0 && strangers.size === 0, found: found === "" ? "no key" : found };
      },
    },
    {
      name: "threshold",
      expected: "own keys and peers enough for the threshold of every feed",
      fix: "name the other reporters in REPORTER_PEERS",
      needs: ["signers"],
      look: async () => {
        const most = Math.max(0, ...feeds.map(({ threshold }) => threshold));
        const own = (await connection.roundSigners()).length;
        const found = `${String(own)} keys, ${String(config.peers.length)} peers, threshold ${String(most)}`;
        return { ok: own + config.peers.length >= most, found };
      },
    },
    {
      name: "sources",
      expected: "a price file or a file of HTTP sources that can be read",
      fix: "set REPORTER_SOURCES_FILE or pass --prices FILE",
      look: () => {
        prices = connection.prices();
        return Promise.resolve({ ok: true, found: "readable" });
      },
    },
    {
      name: "prices",
      expected: "for every feed a price within its bounds",
      fix: "look at the price sources",
      needs: ["feeds", "sources"],
      look: async () => {
        const shown = new Map<string, string>();
        let ok = true;
        for (const { token, minAnswer, maxAnswer } of feeds) {
          if (shown.has(token)) continue;
          try {
            const price = (await prices?.read(token)) ?? 0n;
            const inside = price >= minAnswer && price <= maxAnswer;
            ok &&= inside;
            shown.set(token, `${token} ${formatUnits(price, PRICE_DECIMALS)}${inside ? "" : " (outside bounds)"}`);
          } catch (error) {
            ok = false;
            shown.set(token, `${token} ${describeError(error).code}`);
          }
        }
        return { ok, found: [...shown.values()].join(", ") };
      },
    },
    {
      name: "key",
      expected: needKey ? "a key that pays for gas" : "a key that pays for gas, or none for a dry run",
      fix: "set KEEPER_KEYSTORE_FILE and KEEPER_KEYSTORE_PASSPHRASE",
      look: async () => {
        const payer = await connection.payer();
        return { ok: payer !== undefined || !needKey, found: payer?.address ?? "none: only dry runs" };
      },
    },
    {
      name: "balance",
      expected: `at least ${formatEther(config.minBalanceWei)} of the chain's coin`,
      fix: "send coins to the keeper's address",
      needs: ["chain-id", "key"],
      look: async () => {
        const payer = await connection.payer();
        if (payer === undefined) return { ok: true, found: "no key" };
        const balanceWei = BigInt(String(await client.request("eth_getBalance", [payer.address, "latest"])));
        return { ok: balanceWei >= config.minBalanceWei, found: `${payer.address} holds ${formatEther(balanceWei)}` };
      },
    },
  ];
  return runChecks(plans);
}
