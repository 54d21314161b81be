/** People who send tokens over the bridge of the local world: small amounts, now here, now there, each to the sender's own account. */
import { MaxUint256 } from "ethers";

import { IBridgeAdapter__factory, IM1Token__factory } from "../../../protocol/generated/contracts/index.js";
import { tokenNames, type TokenName } from "../../../protocol/params/schema.js";
import type { Rng } from "../../market/rng.js";
import { referenceUnits } from "../../sim/setup.js";
import type { WorldChain } from "../chain.js";

const adapterAbi = IBridgeAdapter__factory.createInterface();
const erc20 = IM1Token__factory.createInterface();
/** As many of the market's traders use it. */
const USERS = 2;
/** Of both chains together; blocks are never compressed, and neither is this. */
const SENDS_PER_BLOCK = 0.6;
const MIN_USD = 20;
const MAX_USD = 2_000;
/** What somebody with large pockets brings over at the start, of each token: without it nothing could ever go home. */
const OPENING_USD = 50_000;
const GAS = 400_000;

export interface PlannedSend {
  readonly token: TokenName;
  readonly usd: number;
  /** From the chain that locks to the one that mints. */
  readonly isOutward: boolean;
  readonly user: number;
}

/** What is sent in a block, if anything: from one seed always the same. */
export class SendPlan {
  readonly #rng: Rng;

  constructor(rng: Rng) {
    this.#rng = rng.stream("bridge-users");
  }

  next(): PlannedSend | undefined {
    const [whether, token, size, way, user] = Array.from({ length: 5 }, () => this.#rng.uniform()) as [
      number,
      number,
      number,
      number,
      number,
    ];
    if (whether >= SENDS_PER_BLOCK) return undefined;
    return {
      token: tokenNames[Math.floor(token * tokenNames.length)] ?? "cUSDT",
      usd: MIN_USD * (MAX_USD / MIN_USD) ** size,
      isOutward: way < 0.5,
      user: Math.floor(user * USERS),
    };
  }
}

export class BridgeUsers {
  readonly #plan: SendPlan;
  /** Transactions without which nothing could go home. */
  readonly #opening = new Set<string>();

  constructor(
    private readonly home: WorldChain,
    private readonly abroad: WorldChain,
    rng: Rng,
  ) {
    this.#plan = new SendPlan(rng);
  }

  /** Lets the bridges take the users' tokens, and sends the first ones over. */
  async open(): Promise<void> {
    for (const chain of [this.home, this.abroad]) {
      const data = erc20.encodeFunctionData("approve", [chain.deployment.address("AlltraCustomBridge"), MaxUint256]);
      for (const from of chain.accounts.traders.slice(0, USERS))
        for (const token of tokenNames)
          await chain.rpc.send({ from, to: chain.deployment.token(token), data, gas: 200_000 });
    }
    for (const token of tokenNames)
      this.#opening.add(await this.send({ token, usd: OPENING_USD, isOutward: true, user: 0 }));
  }

  /** Whether an account is one of them. */
  has(account: string | undefined): boolean {
    const users = this.home.accounts.traders.slice(0, USERS).map((user) => user.toLowerCase());
    return users.includes(account?.toLowerCase() ?? "");
  }

  /** Whether this is one of the first transfers. */
  isOpening(transactionHash: string): boolean {
    return this.#opening.has(transactionHash);
  }

  /** Others bring tokens home, too: what users send back stays well below what is there. */
  canReturn(token: TokenName, usd: number, mintedUnits: bigint): boolean {
    return mintedUnits >= 4n * referenceUnits(this.abroad.loaded, token, usd);
  }

  /** One block's worth. `mintedUnits`: what is abroad and may come home; more than that is not sent back. */
  async step(mintedUnits: (token: TokenName) => bigint): Promise<void> {
    const planned = this.#plan.next();
    if (planned === undefined) return;
    const { token, usd } = planned;
    const isOutward = planned.isOutward || !this.canReturn(token, usd, mintedUnits(token));
    await this.send({ ...planned, isOutward });
  }

  /** @returns the transaction's hash. */
  async send({ token, usd, isOutward, user }: PlannedSend): Promise<string> {
    const [here, there] = isOutward ? [this.home, this.abroad] : [this.abroad, this.home];
    const from = here.accounts.traders[user] ?? here.accounts.operator;
    const amountUnits = referenceUnits(here.loaded, token, usd);
    const order = {
      destinationChainId: there.loaded.params.chainId,
      token: here.deployment.token(token),
      recipient: from,
      amountUnits,
      maxFeeUnits: amountUnits,
      deadline: MaxUint256,
    };
    const data = adapterAbi.encodeFunctionData("send", [order]);
    return here.rpc.send({ from, to: here.deployment.address("AlltraAdapter"), data, gas: GAS });
  }
}
