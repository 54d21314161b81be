import { expect } from "chai";
import { concat, dataSlice, id, SigningKey } from "ethers";

import type { OutboxState } from "../../../../../db/queries/outbox/rows.js";
import { mintDuty, openingDuty } from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/decide.js";
import type {
  DepositFacts,
  FundingSight,
  Mint,
  MintDuty,
  MintFacts,
  MintPolicy,
} from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/types.js";
import type { Coin, Purse } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/coins.js";
import type { RedemptionProof } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/proof.js";
import { DepositState } from "../../../../../protocol/tbtc/states.js";
import { keyScript, payment, rawTransaction } from "../../../../../scripts/tbtc/bitcoin.js";
import { reversed } from "../../../../../scripts/tbtc/electrum/chain.js";

const HOUR = 3_600n;
const START = 1_700_000_000n;
const ACCOUNT = `0x${"a1".repeat(20)}`;
const MACHINE = `0x${"b2".repeat(20)}`;
const KEEP_KEY = new SigningKey(id("keep"));
const PUBLIC_KEY = dataSlice(KEEP_KEY.publicKey, 1);
const WALLET_SCRIPT = keyScript(new SigningKey(id("wallet")));
const LOT_SAT = 10_000_000n;

const POLICY: MintPolicy = {
  account: ACCOUNT,
  vendingMachine: MACHINE,
  leastFundingSeconds: 2n * HOUR,
  lostAfterSeconds: 24n * HOUR,
  minCollateralPercent: 140n,
  script: WALLET_SCRIPT,
  fees: { rateMultipleBps: 20_000n, maxFeeSat: 50_000n },
};

function coin(name: string, amountSat: bigint): Coin {
  const transaction = payment(concat([id(name), "0x00000000"]), WALLET_SCRIPT, amountSat);
  const txid = reversed(transaction.txid.slice(2)).slice(2);
  return { txid, index: 0, amountSat, raw: rawTransaction(transaction) };
}

const PURSE: Purse = {
  kind: "known",
  coins: [coin("one", 7_000_000n), coin("two", 6_000_000n)],
  tipDifficulty: 5n,
  nextBlockSatPerKvb: 10_000n,
};
const FUNDING = { txid: "11".repeat(32), raw: "00", feeSat: 5_000n, coins: [`${"22".repeat(32)}:0`] };
const PROOF = {} as RedemptionProof;
const PROVEN: FundingSight = {
  payment: { kind: "confirmed", txid: FUNDING.txid, height: 1, path: { nodes: "0x", index: 0 }, headers: [] },
  proof: { ok: true, proof: PROOF },
};

const mintOf = (change: Partial<Mint> = {}): Mint => ({
  ...{ ordinal: 1n, lotSat: LOT_SAT, deposit: `0x${"de".repeat(20)}`, funding: undefined },
  ...{ states: { create: "final" }, createdIn: "0xaa" },
  ...change,
});
const depositOf = (change: Partial<DepositFacts> = {}): DepositFacts => ({
  ...{ now: START + 60n, state: DepositState.AWAITING_BTC_FUNDING_PROOF, setupSince: 0n, fundingSince: START },
  ...{ publicKey: PUBLIC_KEY, keepKey: PUBLIC_KEY, isKeyFinal: true, hasKeep: true },
  ...{ collateralPercent: 150n, callBelowPercent: 125n, holder: ACCOUNT, isHolderFinal: true, isApproved: false },
  ...{ withdrawableWei: 0n, canMint: true, relay: { currentDifficulty: 5n, previousDifficulty: 4n } },
  ...change,
});
function duty(mint: Partial<Mint>, deposit: Partial<DepositFacts>, facts: Partial<MintFacts> = {}): MintDuty {
  const all = { deposit: depositOf(deposit), purse: PURSE, funding: undefined, ...facts };
  return mintDuty(mintOf(mint), all, POLICY);
}
/** What it comes to, in one word. */
function word(found: MintDuty | undefined): string {
  if (found === undefined) return "known";
  if (found.do === "wait") return found.why;
  if (found.do === "send") return `send ${found.step}`;
  return found.do === "end" ? `end ${found.as}` : found.do;
}

describe("minting: the decision", () => {
  it("MINT-1 before the deposit is known: waits, ends or asks which deposit was opened, by the transaction alone", () => {
    const states: readonly (readonly [OutboxState | undefined, string])[] = [
      [undefined, "drop"],
      ["assigned", "in-flight"],
      ["signed", "in-flight"],
      ["mined", "in-flight"],
      ["foreign", "unexpected"],
      ["reverted", "end failed"],
      ["cancelled", "end cancelled"],
      ["final", "find-deposit"],
    ];
    for (const [create, expected] of states) {
      const mint = mintOf({ deposit: undefined, states: create === undefined ? {} : { create } });
      expect(word(openingDuty(mint)), String(create)).to.equal(expected);
    }
    expect(word(openingDuty(mintOf()))).to.equal("known");
    // What is under way is waited for, whatever the deposit shows.
    for (const state of ["assigned", "signed", "mined"] as const) {
      expect(word(duty({ states: { create: "final", key: state } }, {}))).to.equal("in-flight");
    }
  });

  it("MINT-2 takes the signers' key when it is there, and reports them three hours after the opening", () => {
    const setup = {
      state: DepositState.AWAITING_SIGNER_SETUP,
      setupSince: START,
      fundingSince: 0n,
      publicKey: undefined,
    };
    for (const [ago, keepKey, expected] of [
      [60n, PUBLIC_KEY, "send key"],
      [60n, undefined, "signers"],
      [3n * HOUR, undefined, "signers"],
      [3n * HOUR + 1n, undefined, "send report-setup"],
      [9n * HOUR, PUBLIC_KEY, "send key"],
    ] as const) {
      expect(word(duty({}, { ...setup, now: START + ago, keepKey }))).to.equal(expected);
    }
    const waiting = duty({}, { ...setup, keepKey: undefined });
    expect(waiting.do === "wait" && waiting.until).to.equal(START + 3n * HOUR + 1n);
  });

  it("MINT-3 pays only a key that is final and the keep's own, with two hours left, at enough collateral, to a relay that keeps up", () => {
    const other = dataSlice(new SigningKey(id("other")).publicKey, 1);
    const table: readonly (readonly [string, Partial<DepositFacts>, Purse | undefined, string])[] = [
      ["all is well", {}, PURSE, "fund"],
      ["to the second", { now: START + HOUR }, PURSE, "fund"],
      ["a second less", { now: START + HOUR + 1n }, PURSE, "too-late-to-fund"],
      ["just not over", { now: START + 3n * HOUR }, PURSE, "too-late-to-fund"],
      ["over", { now: START + 3n * HOUR + 1n }, PURSE, "send report-funding"],
      ["another key in the keep", { keepKey: other }, PURSE, "key-mismatch"],
      ["no key in the keep", { keepKey: undefined }, PURSE, "key-mismatch"],
      [
        "no point of the curve",
        { publicKey: `0x${"01".repeat(64)}`, keepKey: `0x${"01".repeat(64)}` },
        PURSE,
        "key-mismatch",
      ],
      ["key just mined", { isKeyFinal: false }, PURSE, "key-not-final"],
      ["no price", { collateralPercent: undefined }, PURSE, "price-offline"],
      ["price has fallen", { collateralPercent: 139n }, PURSE, "collateral-low"],
      ["at the least", { collateralPercent: 140n }, PURSE, "fund"],
      ["a deposit with another threshold", { callBelowPercent: 151n }, PURSE, "collateral-low"],
      ["supply at its cap", { canMint: false }, PURSE, "supply-cap"],
      ["relay behind", { relay: { currentDifficulty: 6n, previousDifficulty: 4n } }, PURSE, "relay-behind"],
      ["relay one epoch ahead", { relay: { currentDifficulty: 6n, previousDifficulty: 5n } }, PURSE, "fund"],
      [
        "a newest block of an epoch that nobody has told the relay",
        {},
        { ...PURSE, tipDifficulty: 7n },
        "relay-behind",
      ],
      ["servers disagree", {}, { kind: "unknown" }, "bitcoin-unknown"],
      ["nobody was asked", {}, undefined, "bitcoin-unknown"],
      ["no estimate", {}, { ...PURSE, nextBlockSatPerKvb: undefined }, "fee-unknown"],
      ["dear blocks", {}, { ...PURSE, nextBlockSatPerKvb: 200_000n }, "fee-ceiling"],
      ["too few coins", {}, { ...PURSE, coins: PURSE.coins.slice(1) }, "coins-short"],
    ];
    for (const [name, deposit, purse, expected] of table) {
      expect(word(duty({}, deposit, { purse })), name).to.equal(expected);
    }
  });

  it("MINT-4 sends out what is written down until servers show it, and nothing that would come too late", () => {
    const seen = (payment: FundingSight["payment"], proof?: FundingSight["proof"]): FundingSight => ({
      payment,
      proof,
    });
    const mempool = { kind: "mempool", txid: FUNDING.txid, child: undefined, isPartial: false } as const;
    const foreign = (isConfirmed: boolean) => ({ kind: "foreign", txid: "33", isConfirmed }) as const;
    const late = { now: START + HOUR + 1n };
    const over = { now: START + 3n * HOUR + 1n };
    const lost = { now: START + 27n * HOUR + 1n };
    const confirmed = PROVEN.payment;
    const table: readonly (readonly [string, Partial<DepositFacts>, FundingSight | undefined, string])[] = [
      ["unseen", {}, seen({ kind: "unseen" }), "broadcast"],
      ["unseen and late", late, seen({ kind: "unseen" }), "payment-missing"],
      ["unseen and over", over, seen({ kind: "unseen" }), "payment-missing"],
      ["unseen for a day", lost, seen({ kind: "unseen" }), "send report-funding"],
      ["nobody can say", {}, seen({ kind: "unknown", reason: "servers-disagree" }), "bitcoin-unknown"],
      ["nobody can say, a day later", lost, seen({ kind: "unknown", reason: "too-few-servers" }), "bitcoin-unknown"],
      ["nobody was asked", {}, undefined, "bitcoin-unknown"],
      ["some have it", {}, seen({ ...mempool, isPartial: true }), "broadcast"],
      ["some have it, late", late, seen({ ...mempool, isPartial: true }), "confirmations"],
      ["all have it", {}, seen(mempool), "confirmations"],
      ["all have it, a day later", lost, seen(mempool), "confirmations"],
      ["another payment in mempools", over, seen(foreign(false)), "coin-spent-elsewhere"],
      ["another payment in a block", {}, seen(foreign(true)), "coin-spent-elsewhere"],
      ["another payment in a block, over", over, seen(foreign(true)), "send report-funding"],
      ["in a block", {}, seen(confirmed, { ok: false, reason: "too-short" }), "confirmations"],
      [
        "of an epoch that the relay has not",
        {},
        seen(confirmed, { ok: false, reason: "relay-behind" }),
        "relay-behind",
      ],
      ["a path that leads nowhere", {}, seen(confirmed, { ok: false, reason: "merkle" }), "proof-invalid"],
    ];
    for (const [name, deposit, funding, expected] of table) {
      expect(word(duty({ funding: FUNDING }, deposit, { funding })), name).to.equal(expected);
    }
  });

  it("MINT-5 what is proven becomes TBTC, also late and whatever the price does, or at least a deposit of ours", () => {
    const table: readonly (readonly [string, Partial<DepositFacts>, string])[] = [
      ["first the approval", {}, "send approve"],
      ["then the proof with the exchange", { isApproved: true }, "send mint"],
      ["late", { isApproved: true, now: START + 9n * HOUR }, "send mint"],
      ["price has fallen", { isApproved: true, collateralPercent: 90n }, "send mint"],
      ["no price", { isApproved: true, collateralPercent: undefined }, "send mint"],
      ["supply at its cap", { isApproved: true, canMint: false }, "send prove"],
      ["proven by another", { isApproved: true, state: DepositState.ACTIVE }, "send exchange"],
      ["proven by another, not approved", { state: DepositState.ACTIVE }, "send approve"],
      ["proven, supply at its cap", { isApproved: true, canMint: false, state: DepositState.ACTIVE }, "supply-cap"],
    ];
    for (const [name, deposit, expected] of table) {
      expect(word(duty({ funding: FUNDING }, deposit, { funding: PROVEN })), name).to.equal(expected);
    }
    for (const step of ["mint", "exchange"] as const) {
      const states = { create: "final", approve: "final", [step]: "final" } as const;
      expect(word(duty({ funding: FUNDING, states }, { holder: MACHINE, state: DepositState.ACTIVE }))).to.equal(
        "end minted",
      );
    }
  });

  it("MINT-6 after a failure takes what is owed, asks for what may have been paid, and says how it ended", () => {
    const failed = { state: DepositState.FAILED_SETUP, fundingSince: 0n };
    const asked = { create: "final", abort: "final" } as const;
    const elsewhere = { payment: { kind: "foreign", txid: "33", isConfirmed: true }, proof: undefined } as const;
    const unseen = { payment: { kind: "unseen" }, proof: undefined } as const;
    const table: readonly (readonly [
      string,
      Partial<Mint>,
      Partial<DepositFacts>,
      FundingSight | undefined,
      string,
    ])[] = [
      ["no key, fee owed", {}, { publicKey: undefined, withdrawableWei: 1n }, undefined, "send withdraw"],
      ["no key", {}, { publicKey: undefined }, undefined, "end setup-failed"],
      ["nothing paid", {}, {}, undefined, "end unfunded"],
      [
        "fraud, bond owed",
        {},
        { publicKey: undefined, hasKeep: false, withdrawableWei: 9n },
        undefined,
        "send withdraw",
      ],
      ["fraud", {}, { publicKey: undefined, hasKeep: false }, undefined, "end fraud"],
      ["paid", { funding: FUNDING }, {}, PROVEN, "send abort"],
      ["perhaps paid", { funding: FUNDING }, {}, unseen, "send abort"],
      ["paid, fraud", { funding: FUNDING }, { publicKey: undefined, hasKeep: false }, PROVEN, "send abort"],
      ["paid, nobody was asked", { funding: FUNDING }, {}, undefined, "bitcoin-unknown"],
      ["paid and asked for", { funding: FUNDING, states: asked }, {}, PROVEN, "end aborted"],
      ["spent elsewhere", { funding: FUNDING }, {}, elsewhere, "end unfunded"],
      ["withdrawn and owed still", { states: { withdraw: "final" } }, { withdrawableWei: 1n }, undefined, "unexpected"],
    ];
    for (const [name, mint, deposit, funding, expected] of table) {
      expect(word(duty(mint, { ...failed, ...deposit }, { funding })), name).to.equal(expected);
    }
  });

  it("MINT-7 a funded deposit that is called, sold, redeemed or given away is named, in every state there is", () => {
    const table: readonly (readonly [DepositState, string])[] = [
      [DepositState.START, "unexpected"],
      [DepositState.AWAITING_SIGNER_SETUP, "send key"],
      [DepositState.AWAITING_BTC_FUNDING_PROOF, "bitcoin-unknown"],
      [DepositState.FAILED_SETUP, "bitcoin-unknown"],
      [DepositState.ACTIVE, "send approve"],
      [DepositState.AWAITING_WITHDRAWAL_SIGNATURE, "called"],
      [DepositState.AWAITING_WITHDRAWAL_PROOF, "called"],
      [DepositState.REDEEMED, "end closed"],
      [DepositState.COURTESY_CALL, "called"],
      [DepositState.FRAUD_LIQUIDATION_IN_PROGRESS, "liquidating"],
      [DepositState.LIQUIDATION_IN_PROGRESS, "liquidating"],
      [DepositState.LIQUIDATED, "end closed"],
    ];
    expect(table.map(([state]) => state)).to.have.members(Object.values(DepositState));
    for (const [state, expected] of table) {
      expect(word(duty({ funding: FUNDING }, { state })), String(state)).to.equal(expected);
      expect(word(duty({ funding: FUNDING }, { state, holder: MACHINE, isHolderFinal: false }))).to.equal("not-ours");
      expect(word(duty({ funding: FUNDING }, { state, holder: MACHINE }))).to.equal("end closed");
    }
    expect(word(duty({}, { state: DepositState.LIQUIDATED, withdrawableWei: 5n }))).to.equal("send withdraw");
  });
});
