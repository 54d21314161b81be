/** Everything the reporter needs, checked one by one. */
import { formatUnits } from "ethers";

import { alertCheck } from "../kit/alerts/open.js";
import { loadParams } from "../../protocol/params/load.js";
import { keyChecks, nodeChecks } from "../kit/checks.js";
import { runChecks, type Check, type CheckPlan } from "../kit/doctor.js";
import { keyRoleChecks } from "../kit/keyRoles.js";
import { describeError } from "../kit/logger.js";
import { connectFeeds, type ConnectedFeed, type Connection } from "./connect.js";
import { PRICE_DECIMALS, type PriceSource } from "./sources.js";

const refuseToSend = (): Promise<string> => Promise.reject(new Error("doctor sends nothing"));

/** Looks at everything; changes nothing. `needKey`: a missing key to pay with is a failure. */
export async function examine(connection: Connection, needKey: boolean, alertTest = false): Promise<readonly Check[]> {
  const { config } = connection;
  let feeds: readonly ConnectedFeed[] = [];
  let prices: PriceSource | undefined;
  const plans: CheckPlan[] = [
    ...nodeChecks(connection),
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
        for (const feed of feeds) {
          const place = prices?.placeOf(feed) ?? feed.token;
          if (shown.has(place)) continue;
          try {
            const price = (await prices?.read(feed)) ?? 0n;
            const inside = price >= feed.minAnswer && price <= feed.maxAnswer;
            ok &&= inside;
            shown.set(place, `${place} ${formatUnits(price, PRICE_DECIMALS)}${inside ? "" : " (outside bounds)"}`);
          } catch (error) {
            ok = false;
            shown.set(place, `${place} ${describeError(error).code}`);
          }
        }
        return { ok, found: [...shown.values()].join(", ") };
      },
    },
    ...keyChecks(connection, needKey),
    alertCheck(connection, alertTest),
    ...keyRoleChecks(
      connection,
      () => loadParams(config.network.name, config.deploymentsFolder).params,
      connection.deployment,
      async () => {
        const [payer, signers] = await Promise.all([connection.signer(), connection.roundSigners()]);
        const own = await Promise.all(signers.map((signer) => signer.getAddress()));
        return [
          ...(payer === undefined ? [] : [{ what: "payer", address: payer.address, offices: [], powers: [] }]),
          ...own.map((address) => ({
            what: "round signer",
            address,
            offices: ["reporters.addresses"],
            powers: [".signers"],
          })),
        ];
      },
    ),
  ];
  return runChecks(plans);
}
