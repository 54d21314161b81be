/** Everything this keeper needs, checked one by one. */
import { formatUnits, keccak256 } from "ethers";

import type { Deployment } from "../../protocol/addresses.js";
import { alertCheck } from "../kit/alerts/open.js";
import { loadParams } from "../../protocol/params/load.js";
import type { NetworkParams } from "../../protocol/params/schema.js";
import { keyChecks, nodeChecks } from "../kit/checks.js";
import { runChecks, type Check, type CheckPlan } from "../kit/doctor.js";
import { firstFees } from "../kit/fees.js";
import { keyRoleChecks } from "../kit/keyRoles.js";
import type { Head } from "../kit/provider.js";
import { addresses, poolNames, type Connection } from "./connect.js";
import { observe } from "./observe.js";
import type { ChainSnapshot } from "./types.js";

/** Clocks may differ by this much: block timestamps are set by whoever builds the block. */
const MAX_SKEW_SECONDS = 60;
const NO_FAILURE = "0x00000000";
/** Contracts without which this keeper cannot work, with their code checked against the record. */
const NEEDED = ["PegLens", "PegBoard", "ReserveLens", "CapitalBuckets", "StabilizerLimits", "Stabilizer", "XAUOracle"];

/** Looks at everything; changes nothing. `needKey`: a missing key is a failure. `alertTest`: sends a message through every channel. */
export async function examine(connection: Connection, needKey: boolean, alertTest = false): Promise<readonly Check[]> {
  const { config, nextBlock } = connection;
  let head: Head | undefined;
  let deployment: Deployment | undefined;
  let snapshot: ChainSnapshot | undefined;
  const known = (): Head => required(head);
  const params = (): NetworkParams => loadParams(config.network.name, config.deploymentsFolder).params;

  const plans: CheckPlan[] = [
    ...nodeChecks(connection, (newest) => {
      head = newest;
    }),
    {
      name: "clock",
      expected: `within ${String(MAX_SKEW_SECONDS)} s of the newest block`,
      fix: "set this machine's clock (NTP); if the clock is right, the node is behind or the chain stands still",
      needs: ["rpc"],
      look: () => {
        const skew = Math.round(Date.now() / 1000 - known().timestamp);
        return Promise.resolve({ ok: Math.abs(skew) <= MAX_SKEW_SECONDS, found: `${String(skew)} s` });
      },
    },
    {
      name: "next-block",
      expected: "override or pending: calls as of the next block",
      fix: "use a node that accepts block overrides or answers `pending`; until then every execution comes one block later",
      needs: ["chain-id"],
      look: async () => {
        const mode = await nextBlock.probe(known());
        return { ok: mode !== "latest", found: mode };
      },
    },
    {
      name: "deployment",
      expected: `deployments/${config.network.name}.json of this chain, with ${NEEDED.join(", ")}`,
      fix: `npx hardhat deploy --network ${config.network.name}`,
      look: () => {
        const read = connection.deployment();
        for (const name of NEEDED) read.address(name);
        deployment = read;
        return Promise.resolve({ ok: true, found: `${String(Object.keys(read.record.contracts).length)} contracts` });
      },
    },
    {
      name: "code-hash",
      expected: "the code of the record at every address of the record",
      fix: `npx hardhat deployment verify --network ${config.network.name}`,
      needs: ["chain-id", "deployment"],
      look: async () => {
        const wrong = await differingCode(connection, required(deployment));
        return { ok: wrong.length === 0, found: wrong.length === 0 ? "all equal" : `differs: ${wrong.join(", ")}` };
      },
    },
    {
      name: "pools",
      expected: "every public pool of the record registered and readable",
      fix: "register the pool with StabilizerLimits (deploy again), or remove it from the record",
      needs: ["chain-id", "code-hash", "next-block"],
      look: async () => {
        const record = required(deployment);
        const { lens } = addresses(record);
        snapshot = await observe((request) => nextBlock.call(request, known()), lens, 0);
        return comparePools(record, snapshot);
      },
    },
    {
      name: "oracle",
      expected: "an anchor for every pool: fresh feeds that agree",
      fix: "run the price reporter, or look at the feeds that are stale: npx hardhat peg status",
      needs: ["pools"],
      look: () => {
        const name = poolNames(required(deployment));
        const doubtful = required(snapshot).pools.filter((pool) => pool.anchorFailure !== NO_FAILURE);
        const listed = doubtful.map((pool) => `${name(pool.pool)} (${pool.anchorFailure})`).join(", ");
        return Promise.resolve({ ok: doubtful.length === 0, found: listed === "" ? "fresh" : `in doubt: ${listed}` });
      },
    },
    {
      name: "gas-price",
      expected: `a next base fee below ${formatUnits(config.maxFeePerGasWei, "gwei")} gwei and below the chain's limit for executions`,
      fix: "wait, or raise KEEPER_MAX_FEE_GWEI (and the limit in StabilizerLimits)",
      needs: ["pools"],
      look: () => {
        const { nextBaseFeeWei } = known();
        const limitWei = required(snapshot).maxGasPriceWei;
        const ok = firstFees(config, nextBaseFeeWei) !== undefined && (nextBaseFeeWei ?? 0n) <= limitWei;
        const found = `${formatUnits(nextBaseFeeWei ?? 0n, "gwei")} gwei, limit of the chain ${formatUnits(limitWei, "gwei")} gwei`;
        return Promise.resolve({ ok, found });
      },
    },
    ...keyChecks(connection, needKey),
    alertCheck(connection, alertTest),
    ...keyRoleChecks(connection, params, connection.deployment, async () => {
      const key = await connection.signer();
      if (key === undefined) return [];
      const { keeper: expected } = config.network;
      // settle() is the one call of Stabilizer that asks for it; what this keeper sends, anyone may send.
      const needed = ["Stabilizer.isKeeper"];
      return [
        { what: "executor", address: key.address, expected, offices: ["roles.keeper"], powers: [".isKeeper"], needed },
      ];
    }),
  ];
  return runChecks(plans);
}

/** Names of the record's contracts whose code on the chain is another one, or missing. */
async function differingCode(connection: Connection, deployment: Deployment): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of NEEDED) {
    const entry = deployment.record.contracts[name];
    if (entry === undefined) continue;
    const code = String(await connection.client.request("eth_getCode", [entry.address, "latest"]));
    if (keccak256(code) !== entry.runtimeCodeHash) wrong.push(name);
  }
  return wrong;
}

function comparePools(record: Deployment, snapshot: ChainSnapshot): { ok: boolean; found: string } {
  const registered = new Map(snapshot.pools.map((pool) => [pool.pool.toLowerCase(), pool]));
  const problems: string[] = [];
  for (const [name, address] of Object.entries(record.pools())) {
    const pool = registered.get(address.toLowerCase());
    if (pool === undefined) problems.push(`${name} not registered`);
    else if (!pool.readable) problems.push(`${name} not readable (${pool.failure})`);
  }
  if (snapshot.pools.length === 0) problems.push("no pool registered");
  const found = problems.length === 0 ? `${String(snapshot.pools.length)} pools` : problems.join(", ");
  return { ok: problems.length === 0, found };
}

/** A value an earlier check has found; `needs` guarantees it. */
function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("an earlier check did not leave its result");
  return value;
}
