/**
 * Minting at one head: every open mint one step further, and perhaps another one begun. Row, then transaction; signature, then row, then
 * broadcast. Nothing here remembers anything that matters: a process that dies anywhere is followed by one that reads the same.
 */
import { toQuantity } from "ethers";

import { PermanentError, RetryableError } from "../../../../../protocol/errors.js";
import type { TbtcAddresses } from "../../../../../protocol/tbtc/addresses.js";
import { depositTokenId } from "../../../../../protocol/tbtc/contracts.js";
import { tbtcRevert } from "../../../../../protocol/tbtc/reverts.js";
import { DepositState } from "../../../../../protocol/tbtc/states.js";
import { prefixedOutputScript } from "../../../../../protocol/tbtc/units.js";
import type { Counters } from "../../../../kit/counters.js";
import type { StoreRefusal } from "../../../../kit/fenced.js";
import { describeError, type Facts, type KeeperLog } from "../../../../kit/logger.js";
import { bytesOf, type Action, type EncodeAction } from "../../../../kit/policy/action.js";
import type { ChainClient, Head } from "../../../../kit/provider.js";
import type { RecordSink } from "../../../../kit/record.js";
import type { Intent, Submitter } from "../../../../kit/submitter.js";
import type { ChildSigner } from "../../../bitcoin/child.js";
import { CoinFinder, coinName, type Purse } from "../../../bitcoin/coins.js";
import { lookAtPayment } from "../../../bitcoin/electrum/look.js";
import type { ElectrumServers } from "../../../bitcoin/electrum/servers.js";
import type { PaymentSight } from "../../../bitcoin/facts.js";
import { FUNDING_INDEX, fundingPayment, outpointsOf, signFunding } from "../../../bitcoin/funding.js";
import { signerScript, type Payment } from "../../../bitcoin/payment.js";
import { redemptionProof, type RedemptionProof } from "../../../bitcoin/proof.js";
import { mintDuty, openingDuty } from "./decide.js";
import { decideOpening, type OpeningPolicy } from "./opening.js";
import type { MintReader } from "./read.js";
import { MINT_ACTIONS, MINT_GAS } from "./signing.js";
import { mintKey, type MintStore, type StoredMints } from "./store.js";
import { ALARMING, type DepositFacts, type FundingSight, type Mint, type MintDuty, type MintPolicy } from "./types.js";

/** Points at which tests kill, beside those of store and outbox. */
export const MINT_POINTS = ["broadcast.before", "broadcast.after"] as const;
export type MintPoint = (typeof MINT_POINTS)[number];

export interface MintRoutineParts {
  readonly addresses: TbtcAddresses;
  readonly account: string;
  readonly store: MintStore;
  readonly reader: MintReader;
  readonly servers: ElectrumServers;
  readonly signer: ChildSigner;
  readonly client: Pick<ChainClient, "agreed">;
  readonly encode: EncodeAction;
  readonly submitter: Submitter;
  readonly policy: MintPolicy;
  readonly opening: Omit<OpeningPolicy, "script" | "fees">;
  readonly maxFeePerGasWei: bigint;
  readonly validBlocks: number;
  /** Blocks from a coin's own to the newest with which it is spent. */
  readonly coinDepth: number;
  readonly counters: Counters;
  readonly record: RecordSink;
  readonly log: KeeperLog;
  readonly at?: (point: MintPoint) => Promise<void>;
}

/** After an opening that was refused, so many blocks pass before the next one is tried. */
const REST_BLOCKS = 25;

export class MintRoutine {
  private readonly coins: CoinFinder;
  /** Deposits of open mints. */
  private deposits: ReadonlySet<string> = new Set();
  private readonly shown = new Map<bigint, string>();
  private shownOpening = "";
  private restsUntil = 0;

  constructor(private readonly parts: MintRoutineParts) {
    this.coins = new CoinFinder(parts.servers, parts.policy.script, parts.coinDepth);
  }

  /** Whether an address is a deposit of an open mint, for rules about the kind. */
  has(address: string): boolean {
    return this.deposits.has(address.toLowerCase());
  }

  /** What is open according to the books. */
  async load(): Promise<StoredMints> {
    const stored = await this.parts.store.load();
    this.deposits = new Set(stored.open.flatMap(({ deposit }) => deposit ?? []));
    return stored;
  }

  /**
   * One step of everything. What cannot be asked now is asked at the next head: rescues never wait for it.
   * @param acts false: nothing new is signed or paid, books are kept all the same
   */
  async run(head: Head, acts: boolean): Promise<void> {
    const { counters, log } = this.parts;
    try {
      const stored = await this.load();
      for (const mint of stored.open) {
        try {
          await this.tend(mint, head, acts);
        } catch (error) {
          if (!(error instanceof RetryableError) && !(error instanceof PermanentError)) throw error;
          counters.add("mint.failed-look");
          log.warn("mint.not-now", { ordinal: mint.ordinal, ...describeError(error) });
        }
      }
      if (acts && head.number >= this.restsUntil) await this.open(head);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      counters.add("mint.failed-look");
      log.warn("mint.not-now", describeError(error));
    }
  }

  // --- What was begun ---

  private async tend(mint: Mint, head: Head, acts: boolean): Promise<void> {
    const duty = openingDuty(mint) ?? (await this.dutyOf(mint, head));
    this.show(mint, duty, head);
    const { store, reader } = this.parts;
    switch (duty.do) {
      case "wait":
        return;
      case "drop":
        this.wrote(mint, "dropped", await store.drop(mint.ordinal), head);
        return;
      case "end":
        this.wrote(mint, duty.as, await store.end(mint.ordinal, duty.as), head);
        return;
      case "find-deposit": {
        const deposit = await reader.opened(duty.createdIn, mint.lotSat, head);
        if (deposit === undefined) this.parts.counters.add("mint.deposit-not-found");
        else this.refused(await store.deposit(mint.ordinal, deposit));
        return;
      }
      case "send":
        if (acts) await this.send(mint, duty, head);
        return;
      case "fund":
        if (acts) await this.fund(mint, duty, head);
        return;
      case "broadcast":
        if (acts) await this.broadcast(mint, head);
        return;
    }
  }

  private async dutyOf(mint: Mint, head: Head): Promise<MintDuty> {
    const { reader, policy } = this.parts;
    const deposit = await reader.deposit(mint.deposit ?? "", mint.lotSat, head);
    const isUnfunded = deposit.state === DepositState.AWAITING_BTC_FUNDING_PROOF && mint.funding === undefined;
    return mintDuty(
      mint,
      {
        deposit,
        purse: isUnfunded ? await this.purse(mint, deposit) : undefined,
        funding: await this.sight(mint, deposit),
      },
      policy,
    );
  }

  /** Coins that no other open mint spends. */
  private async purse(mint: Mint, { relay }: DepositFacts): Promise<Purse> {
    const [purse, { open }] = await Promise.all([this.coins.look(relay), this.parts.store.load()]);
    if (purse.kind === "unknown") return purse;
    const others = open.filter(({ ordinal }) => ordinal !== mint.ordinal);
    const used = new Set(others.flatMap(({ funding }) => funding?.coins ?? []));
    return { ...purse, coins: purse.coins.filter((coin) => !used.has(coinName(coin))) };
  }

  /** Where the payment is. After fraud the key of the deposit is gone; its own output still tells where it went. */
  private async sight(mint: Mint, deposit: DepositFacts): Promise<FundingSight | undefined> {
    const { funding, lotSat } = mint;
    if (funding === undefined) return undefined;
    const { servers, policy } = this.parts;
    const payment = this.paymentOf(mint, deposit) ?? {
      ...{ txid: funding.txid, feeSat: funding.feeSat, outputSat: lotSat, script: policy.script },
      parts: { version: "0x", inputVector: "0x", outputVector: "0x", locktime: "0x" },
    };
    const rules = { ...deposit.relay, hasEasyBlocks: servers.hasEasyBlocks };
    let sight: PaymentSight = { kind: "unseen" };
    for (const outpoint of outpointsOf(funding.raw)) {
      const query = { signerScript: policy.script, outpoint, variants: [funding.txid], rules };
      sight = await lookAtPayment(servers, query, [payment]);
      if (sight.kind !== "unseen") break;
    }
    const proof =
      sight.kind === "confirmed" ? redemptionProof(payment, sight.path, sight.headers, deposit.relay) : undefined;
    return { payment: sight, proof };
  }

  /** Undefined while the deposit has no key any more. @throws PermanentError BTC_FUNDING_FALSE */
  private paymentOf({ funding, lotSat }: Mint, { publicKey }: DepositFacts): Payment | undefined {
    if (funding === undefined || publicKey === undefined) return undefined;
    const target = { script: signerScript(publicKey), amountSat: lotSat };
    return fundingPayment(funding.raw, funding.txid, target, funding.feeSat);
  }

  // --- Bitcoin ---

  private async fund(mint: Mint, { plan }: Extract<MintDuty, { do: "fund" }>, head: Head): Promise<void> {
    const { signer, store, record, log } = this.parts;
    const { txid, raw } = await signFunding(plan, signer);
    const facts = { ordinal: mint.ordinal, txid, lotSat: mint.lotSat, feeSat: plan.feeSat, coins: [...plan.coins] };
    const refused = await store.fund(mint.ordinal, { txid, raw, feeSat: plan.feeSat, coins: plan.coins });
    if (this.refused(refused)) return;
    log.info("mint.funded", facts);
    record.write({ kind: "mint.funded", block: head.number, facts });
    await this.broadcast({ ...mint, funding: { txid, raw, feeSat: plan.feeSat, coins: plan.coins } }, head);
  }

  /** As often as it takes: the same bytes are one payment. Nothing but what is written down is ever sent. */
  private async broadcast({ ordinal, funding }: Mint, head: Head): Promise<void> {
    if (funding === undefined) return;
    const { servers, counters, record, at } = this.parts;
    await at?.("broadcast.before");
    const { accepted, refused } = await servers.broadcast(funding.raw);
    await at?.("broadcast.after");
    counters.add(accepted.length > 0 ? "mint.broadcast" : "mint.broadcast-refused");
    const facts = {
      ...{ ordinal, txid: funding.txid, accepted: [...accepted] },
      refused: refused.map(({ server, refusal }) => `${server}: ${refusal}`),
    };
    record.write({ kind: "mint.broadcast", block: head.number, facts });
  }

  // --- Ethereum ---

  private async send(mint: Mint, duty: Extract<MintDuty, { do: "send" }>, head: Head): Promise<void> {
    const action = this.actionOf(mint, duty);
    const intent = this.intentOf(mint.ordinal, duty.step, action, 0n, head);
    const hindrance = await this.hindrance(intent, head);
    if (hindrance === undefined) await this.submit(intent, head);
    else this.leave(mint.ordinal, duty.step, `simulate-${hindrance}`, head);
  }

  private actionOf({ deposit = "" }: Mint, duty: Extract<MintDuty, { do: "send" }>): Action {
    const { addresses, policy } = this.parts;
    const name = MINT_ACTIONS[duty.step];
    switch (duty.step) {
      case "approve":
        return { name, args: { to: addresses.vendingMachine, tokenId: depositTokenId(deposit) } };
      case "exchange":
        return { name, args: { tdtId: depositTokenId(deposit) } };
      case "mint":
        return { name, args: { deposit, ...proofArgs(duty.proof) } };
      case "prove":
        return { name, args: proofArgs(duty.proof), target: deposit };
      case "abort":
        return { name, args: { abortOutputScript: prefixedOutputScript(policy.script) }, target: deposit };
      case "key":
      case "report-setup":
      case "report-funding":
      case "withdraw":
        return { name, args: {}, target: deposit };
    }
  }

  private intentOf(ordinal: bigint, step: keyof typeof MINT_GAS, action: Action, valueWei: bigint, head: Head): Intent {
    const { encode, maxFeePerGasWei, validBlocks } = this.parts;
    return {
      ...{ key: mintKey(ordinal, step), action, ...bytesOf(encode, action), valueWei },
      ...{ gasLimit: MINT_GAS[step], maxFeePerGasWei, validUntilBlock: head.number + validBlocks },
    };
  }

  /** Why the chain would refuse these bytes now; undefined when it would not. @throws RetryableError NO_QUORUM */
  private async hindrance({ to, data, valueWei, gasLimit }: Intent, head: Head): Promise<string | undefined> {
    const { client, account } = this.parts;
    const request = { from: account, to, data, value: toQuantity(valueWei), gas: toQuantity(gasLimit) };
    try {
      await client.agreed(head, [{ method: "eth_call", params: (at) => [request, at] }]);
      return undefined;
    } catch (error) {
      if (error instanceof RetryableError) throw error;
      if (!(error instanceof Error && "code" in error)) throw error;
      return tbtcRevert(error, "simulating")?.code ?? "REVERTED";
    }
  }

  /** @returns whether the outbox has it. What it throws is an answer too: the books will say. */
  private async submit(intent: Intent, head: Head): Promise<boolean> {
    const { submitter, counters, log } = this.parts;
    try {
      const submission = await submitter.submit(intent, head);
      counters.add(submission.accepted ? `sent.${intent.action.name}` : `sent.refused.${submission.refusal}`);
      if (submission.accepted) log.info("mint.sent", { key: intent.key });
      else log.warn("mint.refused", { key: intent.key, refusal: submission.refusal });
      return submission.accepted;
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      counters.add("sent.unknown");
      log.warn("send.unknown", { key: intent.key, ...describeError(error) });
      return true;
    }
  }

  // --- Another one ---

  private async open(head: Head): Promise<void> {
    const { store, reader, opening, policy } = this.parts;
    if (opening.targetUnits === 0n) return;
    const { open, newest, committedSat, failedToday } = await store.load();
    const system = await reader.system(head);
    const unfunded = open.filter(({ funding }) => funding === undefined);
    const { script, fees } = policy;
    const decidedWith = (purse: Purse) =>
      decideOpening(
        {
          ...{ ...system, purse, committedSat, failedToday, openLotsSat: open.map(({ lotSat }) => lotSat) },
          usedCoins: new Set(open.flatMap(({ funding }) => funding?.coins ?? [])),
          unfundedLotsSat: unfunded.map(({ lotSat }) => lotSat),
        },
        { ...opening, script, fees },
      );
    // The Bitcoin servers are asked only when nothing else speaks against it.
    const first = decidedWith({ kind: "unknown" });
    const decided =
      "skip" in first && first.skip !== "bitcoin-unknown" ? first : decidedWith(await this.coins.look(system.relay));
    const shown = "skip" in decided ? decided.skip : decided.lotsSat.join();
    if (shown !== this.shownOpening) this.parts.log.info("mint.opening", { decided: shown });
    this.shownOpening = shown;
    if ("skip" in decided) return;
    const ordinal = newest + 1n;
    for (const lotSat of decided.lotsSat) {
      const action: Action = { name: MINT_ACTIONS.create, args: { lotSizeSatoshis: lotSat } };
      const intent = this.intentOf(ordinal, "create", action, system.creationFeeWei, head);
      const hindrance = await this.hindrance(intent, head);
      if (hindrance !== undefined) {
        this.leave(ordinal, "create", `simulate-${hindrance}`, head);
        // Signers that have not bonds enough for this lot may have them for a smaller one.
        if (hindrance === "TBTC_OPERATORS_SHORT") continue;
        break;
      }
      const { creationFeeWei } = system;
      const refused = await store.begin({ ordinal, lotSat, creationFeeWei, beganBlock: BigInt(head.number) });
      if (this.refused(refused)) return;
      const facts = { ordinal, lotSat, creationFeeWei };
      this.parts.record.write({ kind: "mint.begun", block: head.number, facts });
      if (!(await this.submit(intent, head))) this.restsUntil = head.number + REST_BLOCKS;
      return;
    }
    this.restsUntil = head.number + REST_BLOCKS;
  }

  // --- What people see ---

  /** Told when it changes; what somebody should look at as a warning. */
  private show({ ordinal }: Mint, duty: MintDuty, head: Head): void {
    const { log, record, counters } = this.parts;
    const text = duty.do === "wait" ? duty.why : duty.do === "send" ? duty.step : duty.do;
    counters.add(`mint.${duty.do}.${text}`);
    if (this.shown.get(ordinal) === text) return;
    this.shown.set(ordinal, text);
    const facts: Facts = { ordinal, duty: duty.do, what: text, until: duty.do === "wait" ? duty.until : undefined };
    const isAlarming = duty.do === "wait" && ALARMING.has(duty.why);
    log[isAlarming ? "warn" : "info"](isAlarming ? "mint.stuck" : "mint.step", facts);
    record.write({ kind: "mint.step", block: head.number, facts });
  }

  private wrote({ ordinal, deposit }: Mint, end: string, refused: StoreRefusal | undefined, head: Head): void {
    if (this.refused(refused)) return;
    const { counters, log, record } = this.parts;
    this.shown.delete(ordinal);
    counters.add(`mints.${end}`);
    const facts: Facts = { ordinal, deposit, end };
    log[end === "minted" || end === "dropped" ? "info" : "warn"](`mint.${end}`, facts);
    record.write({ kind: `mint.${end}`, block: head.number, facts });
  }

  private leave(ordinal: bigint, step: string, reason: string, head: Head): void {
    const { counters, log, record } = this.parts;
    counters.add(`mint.left.${reason}`);
    log.info("mint.left", { ordinal, step, reason });
    record.write({ kind: "mint.left", block: head.number, facts: { ordinal, step, reason } });
  }

  /** @returns whether nothing was written. */
  private refused(refusal: StoreRefusal | undefined): boolean {
    if (refusal !== undefined) this.parts.counters.add(`books.${refusal}`);
    return refusal !== undefined;
  }
}

function proofArgs({ parts, merkleProof, txIndexInBlock, headers }: RedemptionProof) {
  return {
    ...{ txVersion: parts.version, txInputVector: parts.inputVector, txOutputVector: parts.outputVector },
    ...{ txLocktime: parts.locktime, fundingOutputIndex: BigInt(FUNDING_INDEX), merkleProof, txIndexInBlock },
    bitcoinHeaders: headers,
  };
}
