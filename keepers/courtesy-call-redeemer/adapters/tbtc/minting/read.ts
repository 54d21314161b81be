/** Deposits of open mints at one block, and what opening another one depends on, as enough nodes say it alike. */
import { concat, toBeHex, toQuantity, type Result } from "ethers";

import { PermanentError, RetryableError } from "../../../../../protocol/errors.js";
import type { TbtcAddresses } from "../../../../../protocol/tbtc/addresses.js";
import { depositTokenId, tbtcAbi } from "../../../../../protocol/tbtc/contracts.js";
import { depositState } from "../../../../../protocol/tbtc/states.js";
import { depositSlots, wordValue } from "../../../../../protocol/tbtc/storage.js";
import { satToTbtcWei } from "../../../../../protocol/tbtc/units.js";
import type { RelayEpochs } from "../../../bitcoin/proof.js";
import type { MoneyRead } from "../../../../kit/providers/agreement.js";
import type { AgreedAnswer, ChainClient, Head } from "../../../../kit/provider.js";
import { addressOf, numberOf, view, type View } from "../views.js";
import type { DepositFacts } from "./types.js";

export interface MintReaderParts {
  readonly client: Pick<ChainClient, "agreed" | "agreedEach" | "provider">;
  readonly addresses: TbtcAddresses;
  readonly account: string;
  /** Blocks on top of which nothing is undone any more. */
  readonly depth: number;
}

export interface SystemFacts {
  readonly lotsSat: readonly bigint[];
  readonly mintableSat: ReadonlySet<bigint>;
  readonly creationFeeWei: bigint;
  readonly tokenUnits: bigint;
  readonly nativeWei: bigint;
  readonly relay: RelayEpochs;
}

const KEY_BYTES = 64;
const WORD_BYTES = 32;

export class MintReader {
  constructor(private readonly parts: MintReaderParts) {}

  /** @throws RetryableError NO_QUORUM, TBTC_MALFORMED */
  async deposit(deposit: string, lotSat: bigint, head: Head): Promise<DepositFacts> {
    const { client, addresses, account, depth } = this.parts;
    const id = depositTokenId(deposit);
    const owner = view("ownershipToken", addresses.depositToken, "ownerOf", [id]);
    const before = toQuantity(Math.max(0, head.number - depth));
    const word = (slot: string, at = toQuantity(head.number)): MoneyRead => ({
      method: "eth_getStorageAt",
      params: () => [deposit, slot, at],
    });
    const views = {
      state: view("deposit", deposit, "currentState"),
      keep: view("deposit", deposit, "keepAddress"),
      collateral: view("deposit", deposit, "collateralizationPercentage"),
      callBelow: view("deposit", deposit, "undercollateralizedThresholdPercent"),
      withdrawable: view("deposit", deposit, "withdrawableAmount", [], account),
      holder: owner,
      approved: view("erc721", addresses.depositToken, "getApproved", [id]),
      canMint: view("vendingMachine", addresses.vendingMachine, "canMint", [satToTbtcWei(lotSat)]),
      current: view("system", addresses.system, "fetchRelayCurrentDifficulty"),
      previous: view("system", addresses.system, "fetchRelayPreviousDifficulty"),
    };
    const names = Object.keys(views) as (keyof typeof views)[];
    const reads = [
      ...names.map((name) => views[name].read),
      word(depositSlots.setupSince),
      word(depositSlots.fundingSince),
      word(depositSlots.publicKeyX),
      word(depositSlots.publicKeyY),
      word(depositSlots.publicKeyX, before),
      word(depositSlots.publicKeyY, before),
      { ...owner.read, params: () => [owner.read.params(before)[0], before] },
    ];
    const answers = await client.agreedEach(head, reads);
    const said = (name: keyof typeof views): Result | undefined => decoded(views[name], answers[names.indexOf(name)]);
    const must = (name: keyof typeof views): Result => {
      const result = said(name);
      if (result === undefined) throw new RetryableError("TBTC_MALFORMED", `${deposit} gave no answer to ${name}`);
      return result;
    };
    const [setup, funding, x, y, xBefore, yBefore] = answers.slice(names.length, -1).map(wordOf);
    const holder = addressOf(must("holder"));
    const formerHolder = decoded(owner, answers.at(-1));
    const keep = addressOf(must("keep"));
    const publicKey = keyOf(x, y);
    const collateral = said("collateral");
    return {
      now: BigInt(head.timestamp),
      state: depositState(numberOf(must("state"))),
      setupSince: setup ?? 0n,
      fundingSince: funding ?? 0n,
      publicKey,
      keepKey: await this.keepKey(keep, head),
      isKeyFinal: publicKey !== undefined && keyOf(xBefore, yBefore) === publicKey,
      hasKeep: BigInt(keep) !== 0n,
      collateralPercent: collateral === undefined ? undefined : numberOf(collateral),
      callBelowPercent: numberOf(must("callBelow")),
      holder,
      isHolderFinal: formerHolder !== undefined && addressOf(formerHolder) === holder,
      isApproved: addressOf(must("approved")) === addresses.vendingMachine.toLowerCase(),
      withdrawableWei: numberOf(must("withdrawable")),
      canMint: must("canMint")[0] as boolean,
      relay: { currentDifficulty: numberOf(must("current")), previousDifficulty: numberOf(must("previous")) },
    };
  }

  /** @throws RetryableError NO_QUORUM, TBTC_MALFORMED */
  async system(head: Head): Promise<SystemFacts> {
    const { client, addresses, account } = this.parts;
    const views = [
      view("system", addresses.system, "getAllowedLotSizes"),
      view("system", addresses.system, "getNewDepositFeeEstimate"),
      view("system", addresses.system, "fetchRelayCurrentDifficulty"),
      view("system", addresses.system, "fetchRelayPreviousDifficulty"),
      view("token", addresses.token, "balanceOf", [account]),
    ] as const;
    const [lots, fee, current, previous, balance, native] = await client.agreed(head, [
      ...views.map(({ read }) => read),
      { method: "eth_getBalance", params: (at) => [account, at] },
    ]);
    const lotsSat = [...(views[0].decode(lots)[0] as Iterable<bigint>)];
    const caps = lotsSat.map((lotSat) =>
      view("vendingMachine", addresses.vendingMachine, "canMint", [satToTbtcWei(lotSat)]),
    );
    const answers = await client.agreed(
      head,
      caps.map(({ read }) => read),
    );
    return {
      lotsSat,
      mintableSat: new Set(lotsSat.filter((_, index) => caps[index]?.decode(answers[index])[0] === true)),
      creationFeeWei: numberOf(views[1].decode(fee)),
      tokenUnits: numberOf(views[4].decode(balance)),
      nativeWei: BigInt(String(native)),
      relay: {
        currentDifficulty: numberOf(views[2].decode(current)),
        previousDifficulty: numberOf(views[3].decode(previous)),
      },
    };
  }

  /**
   * The deposit that a final transaction of ours opened. One node says which; that it is a deposit of this lot and ours all of them must say.
   * @returns undefined when that node does not know the transaction, or what it says is not so
   */
  async opened(createdIn: string, lotSat: bigint, head: Head): Promise<string | undefined> {
    const { client, addresses, account } = this.parts;
    const receipt = await client.provider.getTransactionReceipt(createdIn);
    for (const log of receipt?.logs ?? []) {
      if (log.address.toLowerCase() !== addresses.system.toLowerCase()) continue;
      const parsed = tbtcAbi.system.parseLog(log);
      if (parsed?.name !== "Created") continue;
      const deposit = String(parsed.args["deposit"]).toLowerCase();
      const views = [
        view("ownershipToken", addresses.depositToken, "ownerOf", [depositTokenId(deposit)]),
        view("deposit", deposit, "lotSizeSatoshis"),
      ] as const;
      const [owner, lot] = await client.agreedEach(
        head,
        views.map(({ read }) => read),
      );
      const [holder, size] = [decoded(views[0], owner), decoded(views[1], lot)];
      if (holder === undefined || size === undefined) continue;
      if (addressOf(holder) === account.toLowerCase() && numberOf(size) === lotSat) return deposit;
    }
    return undefined;
  }

  private async keepKey(keep: string, head: Head): Promise<string | undefined> {
    if (BigInt(keep) === 0n) return undefined;
    const asked = view("keep", keep, "getPublicKey");
    const [answer] = await this.parts.client.agreedEach(head, [asked.read]);
    const key = decoded(asked, answer)?.[0] as string | undefined;
    return key?.length === 2 + 2 * KEY_BYTES ? key.toLowerCase() : undefined;
  }
}

/** Undefined for what reverts. @throws RetryableError TBTC_MALFORMED */
function decoded(asked: View, answer: AgreedAnswer | undefined): Result | undefined {
  return answer?.ok === true ? asked.decode(answer.result) : undefined;
}

function wordOf(answer: AgreedAnswer): bigint | undefined {
  const value = answer.ok ? wordValue(answer.result) : undefined;
  if (answer.ok && value === undefined) {
    throw new PermanentError("TBTC_MALFORMED", "a node answers storage with something else");
  }
  return value;
}

function keyOf(x: bigint | undefined, y: bigint | undefined): string | undefined {
  if (x === undefined || y === undefined || x === 0n || y === 0n) return undefined;
  return concat([toBeHex(x, WORD_BYTES), toBeHex(y, WORD_BYTES)]);
}
