/**
 * What may be signed in a market of Aave v3: payments of the one token for accounts that were named, and of the key's own debts with its
 * own deposits where that is allowed. Never a withdrawal, a loan, a liquidation or a change of what counts as collateral.
 */
import { aaveAbi, VARIABLE_RATE } from "../../../../protocol/aave/contracts.js";
import type { Action } from "../../../kit/policy/action.js";
import { textOf } from "../../../kit/policy/paths.js";
import { refuse, type Constraint, type PolicyRule } from "../../../kit/policy/types.js";
import { pinnedCall } from "../../../kit/providers/confirm.js";
import type { CommonRule, Look, RescueSigning } from "../../site.js";
import type { Mode } from "../../types.js";
import type { AaveConfig } from "./settings.js";

const REPAY = "Pool.repay";
const REPAY_WITH_DEPOSIT = "Pool.repayWithATokens";
const WORD_BYTES = 32;
const SELECTOR_BYTES = 4;
const BPS_WAD = 10n ** 14n;
/** The health factor is the last of six words. */
const HEALTH_WORD = 5;

const RATE: Constraint = { kind: "oneOf", values: [String(VARIABLE_RATE)] };

/** @param accounts that may be paid for */
export function aaveSigning(config: AaveConfig, accounts: ReadonlySet<string>): RescueSigning {
  return {
    methods: {
      [REPAY]: { target: config.pool, abi: aaveAbi.pool, method: "repay" },
      [REPAY_WITH_DEPOSIT]: { target: config.pool, abi: aaveAbi.pool, method: "repayWithATokens" },
    },
    rules: (mode, common) => rulesOf(config, accounts, mode, common),
    spender: { kind: "oneOf", values: [config.pool] },
    looks: (action, account) => looksAt(action, account, config),
  };
}

function rulesOf(
  { pool, token, deleverage, unitsPerDay }: AaveConfig,
  accounts: ReadonlySet<string>,
  mode: Mode,
  common: CommonRule,
): readonly PolicyRule[] {
  if (mode === "watch") return [];
  // The largest number would mean "all of it": amounts are named. What was approved has counted as spent.
  const amount: Constraint = { kind: "range", min: 1n, max: unitsPerDay };
  const repay: PolicyRule = {
    ...common,
    name: REPAY,
    target: pool,
    fragment: "function repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf)",
    args: {
      asset: { kind: "oneOf", values: [token.address] },
      amount,
      interestRateMode: RATE,
      onBehalfOf: { kind: "oneOf", values: [...accounts] },
    },
    amounts: [],
    maxCalldataBytes: SELECTOR_BYTES + 4 * WORD_BYTES,
  };
  if (deleverage.size === 0) return [repay];
  const withDeposit: PolicyRule = {
    ...common,
    name: REPAY_WITH_DEPOSIT,
    target: pool,
    fragment: "function repayWithATokens(address asset, uint256 amount, uint256 interestRateMode)",
    args: {
      asset: { kind: "oneOf", values: [...deleverage] },
      // Deposit and debt of one account shrink alike: what leaves no wallet has no limit of a day.
      amount: { kind: "range", min: 1n, max: 2n ** 255n },
      interestRateMode: RATE,
    },
    amounts: [],
    maxCalldataBytes: SELECTOR_BYTES + 3 * WORD_BYTES,
  };
  return [repay, withDeposit];
}

/** The gate has judged names and arguments before. */
function looksAt({ name, args }: Action, account: string, config: AaveConfig): readonly Look[] {
  switch (name) {
    case REPAY:
      return [sameMarket(config), endangered(textOf(args["onBehalfOf"]) ?? "", config)];
    case REPAY_WITH_DEPOSIT:
      return [sameMarket(config), endangered(account, config)];
    default:
      return [];
  }
}

/** Whoever governs the market has not put another pool in its place. */
function sameMarket({ provider, pool }: AaveConfig): Look {
  return {
    reads: [pinnedCall({ to: provider, data: aaveAbi.provider.encodeFunctionData("getPool") })],
    judge: ([answer]) => {
      const named = `0x${String(answer).slice(-40)}`.toLowerCase();
      return named === pool ? undefined : refuse("target", `the market's pool is ${named}`);
    },
  };
}

/** The pool itself says that the account needs it. */
function endangered(account: string, { pool, triggerBps }: AaveConfig): Look {
  return {
    reads: [pinnedCall({ to: pool, data: aaveAbi.pool.encodeFunctionData("getUserAccountData", [account]) })],
    judge: ([answer]) => {
      const words = String(answer);
      if (words.length !== 2 + 2 * WORD_BYTES * (HEALTH_WORD + 1)) return refuse("argument", `${pool} is no pool`);
      const healthWad = BigInt(`0x${words.slice(-2 * WORD_BYTES)}`);
      if (healthWad < triggerBps * BPS_WAD) return undefined;
      return refuse("price", `${account} has a health of ${String(healthWad / BPS_WAD)} basis points`);
    },
  };
}
