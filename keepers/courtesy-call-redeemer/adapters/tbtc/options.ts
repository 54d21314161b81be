/**
 * Every way in which a wallet can redeem a deposit, with what it takes on the block that it is made for.
 *
 *   TDT with           before its term      called, or at term
 *   vending machine    tbtcToBtc            tbtcToBtc, requestRedemption
 *   this wallet        requestRedemption    requestRedemption
 *   somebody else      –                    requestRedemption
 *
 * tbtcToBtc takes the lot, and what the owner of the deposit owes: the fee before its term, nothing for the holder of its rebate or where
 * stray TBTC in the deposit covers it. requestRedemption takes the lot less stray TBTC; of an own deposit only what is owed. A deposit
 * that can be called offers the same a second time behind a call of its courtesy, at the costs of a called one.
 */
import { encodeCall } from "../../../../protocol/calldata.js";
import { mulDivUp, maxBigint, minBigint } from "../../../../protocol/math.js";
import { PermanentError } from "../../../../protocol/errors.js";
import type { TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import { MIN_REDEMPTION_FEE_SAT } from "../../../../protocol/tbtc/constants.js";
import { depositTokenId, tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { redemptionAmounts, type RedemptionTerms } from "../../../../protocol/tbtc/redemption.js";
import { DepositState, depositState, REDEEMABLE_STATES } from "../../../../protocol/tbtc/states.js";
import { satToBytes8, satToTbtcWei } from "../../../../protocol/tbtc/units.js";
import type { Action, Allowance, BlockRef, Call, Reading } from "../../types.js";
import type { AgreedReads } from "./agreedReads.js";
import { CALL_GAS, FOLLOW_UP_GAS, type CallGas } from "./gas.js";
import { addressOf, numberOf, view, type View } from "./views.js";

/** Where redeemed bitcoin goes, and what its payment offers at first. */
export interface Payout {
  /** With its length in front. */
  readonly outputScript: string;
  /** Satoshis for spending an output of that value. The contract's bounds hold in any case. */
  readonly initialFeeSat: (utxoSat: bigint) => bigint | Promise<bigint>;
}

export interface OptionsParts {
  readonly reads: AgreedReads;
  readonly addresses: TbtcAddresses;
  readonly payout: Payout;
}

/** A deposit as enough nodes show it to this wallet. */
interface Seen extends RedemptionTerms {
  readonly state: DepositState;
  readonly holder: string;
  readonly utxoSat: bigint;
}

interface Way {
  readonly route: "vending-machine" | "direct";
  /** Leaves the wallet; and of that comes back in the same transaction. */
  readonly costWei: bigint;
  readonly backWei: bigint;
}

export class Options {
  constructor(private readonly parts: OptionsParts) {}

  /** @throws RetryableError NO_QUORUM; PermanentError TBTC_COST_DIFFERS when the contract asks for something else than computed here. */
  async of(reading: Reading, wallet: string, block: BlockRef): Promise<readonly Action[]> {
    if (reading.stage !== "open" && reading.stage !== "called") return [];
    const self = wallet.toLowerCase();
    const seen = await this.see(reading.position.id, self, block);
    if (!REDEEMABLE_STATES.has(seen.state)) return [];
    const ways = this.ways(seen, self);
    const feeSat = feeWithin(await this.parts.payout.initialFeeSat(seen.utxoSat), seen.utxoSat);
    const actions = ways.map((way) => this.action(reading, seen, way, feeSat, "rescue", self));
    const { healthBps, thresholds } = reading;
    const isCallable =
      seen.state === DepositState.ACTIVE && healthBps !== undefined && healthBps < thresholds.callBelowBps;
    if (!isCallable) return actions;
    const called = { ...seen, preTerm: false };
    const later = this.ways(called, self).map((way) =>
      this.action(reading, called, way, feeSat, "call-and-rescue", self),
    );
    return [...actions, ...later];
  }

  private async see(id: string, wallet: string, block: BlockRef): Promise<Seen> {
    const { addresses } = this.parts;
    const token = depositTokenId(id);
    const deposit = (name: string, ...args: unknown[]): View => view("deposit", id, name, args);
    const [state, holder, utxo, lot, fee, term, balance, rebate, owed] = await this.ask(block, [
      deposit("currentState"),
      view("ownershipToken", addresses.depositToken, "ownerOf", [token]),
      deposit("utxoValue"),
      deposit("lotSizeTbtc"),
      deposit("signerFeeTbtc"),
      deposit("remainingTerm"),
      view("token", addresses.token, "balanceOf", [id]),
      view("ownershipToken", addresses.feeRebateToken, "exists", [token]),
      deposit("getOwnerRedemptionTbtcRequirement", wallet),
    ] as const);
    const rebateExists = rebate[0] === true;
    const [rebateHolder] = rebateExists
      ? await this.ask(block, [view("ownershipToken", addresses.feeRebateToken, "ownerOf", [token])] as const)
      : [undefined];
    const current = depositState(numberOf(state));
    const seen: Seen = {
      state: current,
      holder: addressOf(holder),
      utxoSat: numberOf(utxo),
      lotWei: numberOf(lot),
      signerFeeWei: numberOf(fee),
      balanceWei: numberOf(balance),
      preTerm: numberOf(term) > 0n && current !== DepositState.COURTESY_CALL,
      rebateExists,
      holdsRebate: rebateHolder !== undefined && addressOf(rebateHolder) === wallet,
    };
    const computed = redemptionAmounts(seen, true)?.toDepositWei;
    if (REDEEMABLE_STATES.has(current) && computed !== numberOf(owed)) {
      throw new PermanentError(
        "TBTC_COST_DIFFERS",
        `${id} asks its owner for ${String(numberOf(owed))}, computed were ${String(computed)}`,
        "is it a deposit of tBTC v1?",
        { deposit: id },
      );
    }
    return seen;
  }

  private ways(seen: Seen, wallet: string): readonly Way[] {
    const ways: Way[] = [];
    const isSold = seen.holder === this.parts.addresses.vendingMachine.toLowerCase();
    // The vending machine hands the deposit over before it requests.
    const asHolder = redemptionAmounts(seen, true);
    if (isSold && asHolder !== undefined) {
      const { toDepositWei, toHolderWei } = asHolder;
      ways.push({ route: "vending-machine", costWei: seen.lotWei + toDepositWei, backWei: toHolderWei });
    }
    const isOwn = seen.holder === wallet;
    const direct = redemptionAmounts(seen, isOwn);
    if (direct !== undefined) {
      ways.push({ route: "direct", costWei: direct.toDepositWei, backWei: isOwn ? direct.toHolderWei : 0n });
    }
    return ways;
  }

  private action(
    reading: Reading,
    seen: Seen,
    way: Way,
    feeSat: bigint,
    effect: "rescue" | "call-and-rescue",
    wallet: string,
  ): Action {
    const { payout, addresses } = this.parts;
    const { id } = reading.position;
    const value = satToBytes8(seen.utxoSat - feeSat);
    const isDirect = way.route === "direct";
    const redeemGas = isDirect
      ? CALL_GAS.direct
      : seen.preTerm
        ? CALL_GAS.vendingMachineEarly
        : CALL_GAS.vendingMachine;
    const redeem = isDirect
      ? callOf(id, encodeCall(tbtcAbi.deposit, "requestRedemption", [value, payout.outputScript]), redeemGas)
      : callOf(
          addresses.vendingMachine,
          encodeCall(tbtcAbi.vendingMachine, "tbtcToBtc", [id, value, payout.outputScript]),
          redeemGas,
        );
    const courtesyCall = callOf(id, encodeCall(tbtcAbi.deposit, "notifyCourtesyCall"), CALL_GAS.courtesyCall);
    const isCalling = effect === "call-and-rescue";
    const calls = isCalling ? [courtesyCall, redeem] : [redeem];
    const gas: readonly CallGas[] = [
      redeemGas,
      ...(isCalling ? [CALL_GAS.courtesyCall] : []),
      ...(isDirect && way.costWei > 0n ? [CALL_GAS.approve] : []),
    ];
    const token = addresses.token.toLowerCase();
    const spender = isDirect ? id : addresses.vendingMachine.toLowerCase();
    const allowance: Allowance = { token, spender, units: way.costWei, shared: !isDirect };
    return {
      position: id,
      effect,
      calls,
      costToken: token,
      costUnits: way.costWei,
      expenseWei: expenseWei(reading, seen, way, feeSat, seen.holder === wallet),
      gasLimit: gas.reduce((sum, { limit }) => sum + limit, 0n),
      gasEstimate: gas.reduce((sum, { estimate }) => sum + estimate, 0n),
      followUpGas: FOLLOW_UP_GAS,
      ...(way.costWei > 0n ? { allowance } : {}),
    };
  }

  private async ask<const T extends readonly View[]>(block: BlockRef, views: T) {
    const answers = await this.parts.reads.read(
      block,
      views.map(({ read }) => read),
    );
    return views.map((one, index) => one.decode(answers[index])) as { [K in keyof T]: ReturnType<View["decode"]> };
  }
}

/** What the wanted fee may be at most and at least; a rescue matters more than its fee. */
function feeWithin(wantedSat: bigint, utxoSat: bigint): bigint {
  return maxBigint(MIN_REDEMPTION_FEE_SAT, minBigint(wantedSat, utxoSat / 2n - 1n));
}

/**
 * What is given away beyond what comes back, in wei and rounded up: TBTC and a deposit of one's own against bitcoin at the value of the
 * lot. Without a price the bond counts as worth the lot, which is more than anybody would lend on it.
 */
function expenseWei(reading: Reading, seen: Seen, way: Way, feeSat: bigint, isOwn: boolean): bigint {
  const givenWei = way.costWei + (isOwn ? seen.lotWei : 0n);
  const gotWei = way.backWei + satToTbtcWei(seen.utxoSat - feeSat);
  const lostWei = maxBigint(givenWei - gotWei, 0n);
  if (lostWei === 0n || reading.loss.kind !== "auction") return 0n;
  const { debtWei, collateralWei } = reading.loss;
  return mulDivUp(lostWei, debtWei === 0n ? collateralWei : debtWei, seen.lotWei);
}

function callOf(to: string, data: string, { limit }: CallGas): Call {
  return { to: to.toLowerCase(), data, valueWei: 0n, gasLimit: limit };
}
