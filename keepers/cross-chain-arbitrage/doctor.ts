/** Everything this keeper needs at one end, checked one by one. */
import { formatUnits, keccak256 } from "ethers";

import type { Queryable } from "../../db/database.js";
import { openLegs } from "../../db/queries/arbitrage/openLegs.js";
import { openTransfers } from "../../db/queries/arbitrage/openTransfers.js";
import { alertCheck } from "../kit/alerts/open.js";
import { keyChecks, nodeChecks } from "../kit/checks.js";
import { runChecks, type Check, type CheckPlan } from "../kit/doctor.js";
import { keyRoleChecks, KEY_GATE } from "../kit/keyRoles.js";
import type { Head } from "../kit/provider.js";
import { wantedAllowances } from "./allowances.js";
import { NOBODY, pairsOf, paramsOf, placeOf, tokensOf, type Connection, type Connections } from "./connect.js";
import { ADAPTER, BRIDGE } from "./encode.js";
import { allowancesAt, observeChain } from "./observe.js";
import { KEEPER_NAME } from "./policy.js";
import { bookOf } from "./store.js";
import type { ChainSnapshot } from "./types.js";

/** Checks that must hold before anything may be sent; the others are advice. */
export const GATE: ReadonlySet<string> = new Set([
  ...["rpc", "chain-id", "deployment", "same-tokens", "code-hash", "readable", "key"],
  ...KEY_GATE,
]);
/** Nothing is signed without nodes that agree. */
export const EXECUTE_GATE: ReadonlySet<string> = new Set([...GATE, "quorum"]);

/** Beside tokens and pools: what is read, and what is sent to. */
const NEEDED = ["XAUOracle", "PegBoard", BRIDGE, ADAPTER];

/** Looks at everything of one end; changes nothing. `needKey`: a missing key is a failure. */
export async function examine(
  { ends }: Connections,
  connection: Connection,
  needKey: boolean,
  alertTest = false,
): Promise<readonly Check[]> {
  const { client, config } = connection;
  const { name } = config.network;
  let head: Head | undefined;
  let snapshot: ChainSnapshot | undefined;
  const account = async (): Promise<string> => (await connection.signer())?.address ?? NOBODY;
  const plans: CheckPlan[] = [
    ...nodeChecks(connection, (seen) => {
      head = seen;
    }),
    {
      name: "deployment",
      expected: `a record of each chain with ${NEEDED.join(", ")} and the pools of the pairs`,
      fix: `npx hardhat deploy --network ${name}, and on the other chain`,
      look: () => {
        for (const end of ends) for (const contract of NEEDED) end.deployment().address(contract);
        return Promise.resolve({ ok: true, found: pairsOf(ends).join(", ") });
      },
    },
    {
      name: "same-tokens",
      expected: "every token of the pairs at one address, with the same decimals, on both chains",
      fix: "ARBITRAGE_PAIRS: pairs of tokens that the bridge carries",
      needs: ["deployment"],
      look: () => {
        const [here, there] = ends;
        const differing = tokensOf(pairsOf(ends)).filter(
          (token) =>
            here.deployment().token(token) !== there.deployment().token(token) ||
            paramsOf(here).tokens[token].decimals !== paramsOf(there).tokens[token].decimals,
        );
        return Promise.resolve({
          ok: differing.length === 0,
          found: differing.length === 0 ? "the same" : differing.join(", "),
        });
      },
    },
    {
      name: "code-hash",
      expected: "the code of the record at every address that is used",
      fix: `npx hardhat deployment verify --network ${name}`,
      needs: ["chain-id", "deployment"],
      look: async () => {
        const wrong = await differingCode(connection, [
          ...NEEDED,
          ...pairsOf(ends).map((pair) => `PmmPool:${pair}`),
          ...tokensOf(pairsOf(ends)),
        ]);
        return { ok: wrong.length === 0, found: wrong.length === 0 ? "all equal" : `differs: ${wrong.join(", ")}` };
      },
    },
    {
      name: "readable",
      expected: "pools, prices, lanes and rounds at the newest block",
      fix: "look at the nodes: npm run keeper -- cross-chain-arbitrage status",
      needs: ["chain-id", "code-hash"],
      look: async () => {
        head = await client.head();
        snapshot = await observeChain(placeOf(connection), await account(), pairsOf(ends), head);
        return { ok: snapshot.readable, found: `block ${String(head.number)}` };
      },
    },
    {
      name: "oracle",
      expected: "an anchor for every pool",
      fix: "run the price reporter, or look at the feeds that are stale: npx hardhat peg status",
      needs: ["readable"],
      look: () => {
        const doubtful = (snapshot?.pools ?? []).filter(({ state }) => (state?.anchorNew ?? 0n) === 0n);
        const found = doubtful.length === 0 ? "fresh" : `none: ${doubtful.map(({ pair }) => pair).join(", ")}`;
        return Promise.resolve({ ok: doubtful.length === 0, found });
      },
    },
    {
      name: "lanes",
      expected: "a lane of the bridge for every token, and deliveries that are not held",
      fix: "npx hardhat deploy on both chains; a guardian's hold ends by itself",
      needs: ["readable"],
      look: () => {
        const without = (snapshot?.tokens ?? []).filter(({ lane }) => lane === undefined).map(({ token }) => token);
        const held = snapshot?.bridgeHeld === true ? ["deliveries are held"] : [];
        const found = [...without.map((token) => `no lane for ${token}`), ...held];
        return Promise.resolve({ ok: found.length === 0, found: found.length === 0 ? "open" : found.join(", ") });
      },
    },
    {
      name: "inventory",
      expected: "some of every token of the pairs",
      fix: "send tokens to the keeper's address on this chain",
      needs: ["readable", "key"],
      look: async () => {
        if ((await account()) === NOBODY) return { ok: true, found: "no key" };
        const tokens = snapshot?.tokens ?? [];
        const found = tokens.map((token) => `${formatUnits(token.balanceUnits, token.decimals)} ${token.token}`);
        return { ok: tokens.every(({ balanceUnits }) => balanceUnits > 0n), found: found.join(", ") };
      },
    },
    {
      name: "allowances",
      expected: "allowances for pools and bridge",
      fix: "none needed: the keeper gives them before its first trade",
      needs: ["inventory"],
      look: async () => {
        const owner = await account();
        if (owner === NOBODY || snapshot === undefined || head === undefined) return { ok: true, found: "no key" };
        const place = placeOf(connection);
        const given = await allowancesAt(place, owner, pairsOf(ends), head);
        const wanted = wantedAllowances(snapshot, given, place.deployment.address(BRIDGE), config);
        return { ok: true, found: `${String(given.length - wanted.length)} of ${String(given.length)} are given` };
      },
    },
    ...keyChecks(connection, needKey),
    alertCheck(connection, alertTest),
    ...keyRoleChecks(
      connection,
      () => paramsOf(connection),
      connection.deployment,
      async () => {
        const key = await connection.signer();
        // What it sends anyone may send; it needs no office and shall have none.
        return key === undefined ? [] : [{ what: "trader", address: key.address, offices: [], powers: [] }];
      },
    ),
  ];
  return runChecks(plans);
}

/** Trades and transfers that have begun and not ended. A trade older than the rule's patience waits for a person. */
export function openWorkCheck(
  { ends }: Connections,
  { client, config, ...own }: Connection,
  db: () => Queryable,
): CheckPlan {
  return {
    name: "open-work",
    expected: `no trade open for more than ${String(config.repairPatienceSeconds)} s`,
    fix: "start the keeper: it ends what it can; a trade that it tells as broken-trade needs a person",
    needs: ["schema", "key", "chain-id"],
    look: async () => {
      const account = (await own.signer())?.address;
      if (account === undefined) return { ok: true, found: "no key" };
      const [first, second] = ends;
      const book = bookOf(account, [String(first.client.chainId), String(second.client.chainId)]);
      const [legs, transfers] = await Promise.all([
        openLegs(db(), book, KEEPER_NAME),
        openTransfers(db(), book, KEEPER_NAME),
      ]);
      const { timestamp } = await client.head();
      const ages = new Map(
        legs.map(({ pair, ordinal, beganAt }) => [`${pair} ${String(ordinal)}`, BigInt(timestamp) - beganAt]),
      );
      const found = [
        ...[...ages].map(([trade, seconds]) => `trade ${trade} for ${String(seconds)} s`),
        ...transfers.map(
          ({ token, fromChain, toChain, ordinal }) => `transfer ${token} ${fromChain} to ${toChain} ${String(ordinal)}`,
        ),
      ];
      const ok = [...ages.values()].every((seconds) => seconds <= BigInt(config.repairPatienceSeconds));
      return { ok, found: found.length === 0 ? "nothing" : found.join(", ") };
    },
  };
}

/** Names of the record's contracts whose code on the chain is another one, or missing. */
async function differingCode({ client, ...connection }: Connection, names: readonly string[]): Promise<string[]> {
  const { contracts } = connection.deployment().record;
  const wrong: string[] = [];
  for (const name of names) {
    const entry = contracts[name];
    if (entry === undefined) continue;
    const code = String(await client.request("eth_getCode", [entry.address, "latest"]));
    if (keccak256(code) !== entry.runtimeCodeHash) wrong.push(name);
  }
  return wrong;
}
