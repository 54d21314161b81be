import { isAddress } from "@solana/kit";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { UsageError } from "../../../protocol/errors.js";
import type { VaultState } from "../../../protocol/solana/vaultState.js";
import type { MarketStatus } from "../../deploy/solana/marketStatus.js";
import { collateralStatus, type CollateralStatus } from "../../deploy/solana/status.js";
import { asCommand, runTask, type TaskAnswer, type TaskOutput } from "../report.js";
import { connectSolana, solanaNetworkOf } from "../solana.js";

interface Arguments {
  readonly vault: string;
  readonly deployments: string;
  readonly json: boolean;
}

export default asCommand(collateralStatusTask);

/** The task itself; answers the exit code. */
export function collateralStatusTask(
  args: Arguments,
  hre: HardhatRuntimeEnvironment,
  output: TaskOutput,
): Promise<0 | 1 | 2> {
  return runTask(
    args.json,
    async () => {
      const { vault } = args;
      const network = solanaNetworkOf(hre);
      if (network === undefined) {
        throw new UsageError("NETWORK_MISSING", "no Solana network is named", "add --network solana-localnet");
      }
      if (vault !== "" && !isAddress(vault)) {
        throw new UsageError("INVALID_VALUE", `--vault ${vault}: expected an address of Solana`);
      }
      const { chain, loaded } = await connectSolana(hre, network, args.deployments);
      return toAnswer(await collateralStatus(chain, loaded, vault === "" ? undefined : vault));
    },
    output,
  );
}

function toAnswer(status: CollateralStatus): TaskAnswer {
  const { network, state, programs, authority, registrations, market, vault } = status;
  const lines = [
    `${network}: ${state}`,
    ...Object.entries(programs).map(([name, program]) =>
      program.deployed
        ? `${name} ${program.programId}: deployed in slot ${String(program.deploySlot)}, changed by ${program.upgradeAuthority ?? "nobody"}`
        : `${name} ${program.programId}: not deployed`,
    ),
    `admin ${authority.admin}, guardian ${authority.guardian}, freezes: ${authority.freezeMultiSig ?? "nobody"}`,
    ...registrations.map(({ programId, status: is, activeFromSeconds }) =>
      is === "waiting" ? `program ${programId}: counts from ${time(activeFromSeconds)}` : `program ${programId}: ${is}`,
    ),
    ...(market === null ? [] : marketLines(market)),
    ...(vault === undefined ? [] : vaultLines(vault)),
  ];
  return { ok: true, json: { ok: true, ...(withTexts(status) as object) }, lines };
}

function marketLines({ address, state, admin, price, priceAuthority, collaterals, ...market }: MarketStatus) {
  const { positions, longContracts, shortContracts, pendingParams } = market;
  const shown =
    price === null
      ? "no price yet"
      : `${String(price.nano)} nano a contract, ${String(price.ageSeconds)} s old${price.fresh ? "" : ": too old"}`;
  return [
    `market ${address}: ${state}; ${shown}; ${String(positions)} positions, ${String(longContracts)} contracts long, ${String(shortContracts)} short`,
    `  admin ${admin}, prices by ${priceAuthority ?? "nobody"}${pendingParams === null ? "" : `, other parameters from ${time(pendingParams.fromSeconds)}`}`,
    ...collaterals.map(({ mint, state: is, openFromSeconds, badDebtUnits, profitUnpaidUnits, houseAsks }) => {
      const from = openFromSeconds === null ? "" : ` until ${time(openFromSeconds)}`;
      const asks =
        houseAsks === null
          ? ""
          : `; its house may take back ${String(houseAsks.units)} from ${time(houseAsks.fromSeconds)} to ${time(houseAsks.untilSeconds)}`;
      return `  ${mint}: ${is}${from}, bad debt ${String(badDebtUnits)}, profit unpaid ${String(profitUnpaidUnits)}${asks}`;
    }),
  ];
}

function vaultLines({ address, account, slot, balances, pendingWithdrawals, securityConfig, multiSig }: VaultState) {
  const rules = [
    multiSig === undefined
      ? "one owner"
      : `${String(multiSig.account.threshold)} of ${String(multiSig.account.owners.length)} owners`,
    securityConfig === undefined
      ? "no rules of its own"
      : `withdrawals wait ${String(securityConfig.withdrawalDelaySeconds)} s, whitelist ${securityConfig.isWhitelistOn ? "on" : "off"}`,
  ];
  return [
    `vault ${address} of ${account.owner} in slot ${String(slot)}: ${rules.join(", ")}`,
    ...balances.flatMap((balance) => {
      const { mint, totalUnits, lockedUnits, availableUnits, decimals } = balance.account;
      const frozen = balance.isFrozen ? "; its tokens are frozen" : "";
      return [
        `  ${mint} (${String(decimals)} decimals): total ${String(totalUnits)}, locked ${String(lockedUnits)}, available ${String(availableUnits)}, held ${String(balance.heldUnits)}${frozen}`,
        ...balance.programLocks.map(
          ({ account: lock }) =>
            `    locked by ${lock.programId}: ${String(lock.lockedUnits)} of at most ${String(lock.capUnits)}${lock.revokedAtSeconds === undefined ? "" : `, revoked at ${time(lock.revokedAtSeconds)}`}`,
        ),
      ];
    }),
    ...pendingWithdrawals.map(
      ({ account: pending }) =>
        `  withdrawal of ${String(pending.amountUnits)} to ${pending.destination} matures at ${time(pending.maturesAtSeconds)}`,
    ),
  ];
}

const time = (seconds: bigint): string => new Date(Number(seconds) * 1000).toISOString();

/** Amounts and times as decimal texts. */
function withTexts(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item));
  return JSON.parse(text) as unknown;
}
