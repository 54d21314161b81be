/**
 * What a mint needs next. Pure: its row, its transactions and both chains in; one step, or a named wait, out. A restart needs nothing else.
 *
 *   create → the deposit is known once that is final → the signers' key      3 h without one: reported, the fee comes back
 *   key is final → fund, while time, price, relay, supply and fee allow      otherwise: not a satoshi is sent; 3 h after the key: reported
 *   6 confirmations → approve → proof and exchange in one transaction        proven by somebody else: the exchange alone
 *   failed after bitcoin was sent: its return is asked for                   what the deposit owes in ether is withdrawn first
 *
 * A payment is signed and written down once. As long as it may be mined nothing here gives the deposit up, and nothing is sent out again
 * that would come too late.
 */
import { FUNDING_TIMEOUT_SECONDS, SIGNER_SETUP_TIMEOUT_SECONDS } from "../../../../../protocol/tbtc/constants.js";
import { AUCTION_STATES, DepositState, SETTLING_STATES } from "../../../../../protocol/tbtc/states.js";
import type { Purse } from "../../../bitcoin/coins.js";
import { planFunding } from "../../../bitcoin/funding.js";
import { signerScript } from "../../../bitcoin/payment.js";
import type { RedemptionProof } from "../../../bitcoin/proof.js";
import type { DepositFacts, FundingSight, Mint, MintDuty, MintFacts, MintPolicy, MintStep, MintWait } from "./types.js";

const OPEN_STATES: ReadonlySet<string | undefined> = new Set(["assigned", "signed", "mined", "foreign"]);

/** Before the deposit is known; undefined once it is. */
export function openingDuty({ deposit, states, createdIn }: Mint): MintDuty | undefined {
  if (deposit !== undefined) return undefined;
  if (states.create === undefined) return { do: "drop" };
  switch (states.create) {
    case "reverted":
      return { do: "end", as: "failed" };
    case "cancelled":
      return { do: "end", as: "cancelled" };
    case "final":
      return createdIn === undefined ? wait("unexpected") : { do: "find-deposit", createdIn };
    // An account that somebody else uses signs nothing more, and nobody knows what became of it.
    case "foreign":
      return wait("unexpected");
    case "assigned":
    case "signed":
    case "mined":
      return wait("in-flight");
  }
}

/** What a mint whose deposit is known needs next. */
export function mintDuty(mint: Mint, facts: MintFacts, policy: MintPolicy): MintDuty {
  const { deposit } = facts;
  const busy = Object.entries(mint.states).find(([, state]) => OPEN_STATES.has(state));
  if (busy !== undefined) return wait(busy[1] === "foreign" ? "unexpected" : "in-flight");
  const exchanged = mint.states.mint === "final" || mint.states.exchange === "final";
  // Whatever becomes of the deposit now: its TBTC is there.
  if (exchanged) return { do: "end", as: "minted" };
  if (deposit.holder !== policy.account) {
    // Given away, or exchanged by hand.
    return deposit.isHolderFinal ? { do: "end", as: "closed" } : wait("not-ours");
  }
  switch (deposit.state) {
    case DepositState.AWAITING_SIGNER_SETUP:
      return setupDuty(deposit);
    case DepositState.AWAITING_BTC_FUNDING_PROOF:
      return mint.funding === undefined
        ? fundingDuty(mint, deposit, facts.purse, policy)
        : provingDuty(deposit, facts.funding, policy);
    case DepositState.FAILED_SETUP:
      return failureDuty(mint, facts);
    case DepositState.ACTIVE:
      return exchangeDuty(deposit);
    case DepositState.COURTESY_CALL:
      return wait("called");
    case DepositState.REDEEMED:
    case DepositState.LIQUIDATED:
      return deposit.withdrawableWei > 0n ? sendOnce(mint, "withdraw") : { do: "end", as: "closed" };
    default:
      if (AUCTION_STATES.has(deposit.state)) return wait("liquidating");
      return wait(SETTLING_STATES.has(deposit.state) ? "called" : "unexpected");
  }
}

function setupDuty({ now, setupSince, keepKey }: DepositFacts): MintDuty {
  if (keepKey !== undefined) return { do: "send", step: "key" };
  const endsAt = setupSince + SIGNER_SETUP_TIMEOUT_SECONDS;
  return now > endsAt ? { do: "send", step: "report-setup" } : wait("signers", endsAt + 1n);
}

/** Nothing is paid yet. */
function fundingDuty(mint: Mint, deposit: DepositFacts, purse: Purse | undefined, policy: MintPolicy): MintDuty {
  const endsAt = deposit.fundingSince + FUNDING_TIMEOUT_SECONDS;
  if (deposit.now > endsAt) return { do: "send", step: "report-funding" };
  if (isTooLate(deposit, policy)) return wait("too-late-to-fund", endsAt + 1n);
  const { publicKey } = deposit;
  if (publicKey === undefined || publicKey !== deposit.keepKey) return wait("key-mismatch", endsAt + 1n);
  if (!deposit.isKeyFinal) return wait("key-not-final");
  const hindrance = hindranceOf(deposit, purse, policy);
  if (hindrance !== undefined) return wait(hindrance, endsAt - policy.leastFundingSeconds + 1n);
  if (purse?.kind !== "known") return wait("bitcoin-unknown");
  if (purse.nextBlockSatPerKvb === undefined) return wait("fee-unknown");
  const script = keepScript(publicKey);
  if (script === undefined) return wait("key-mismatch", endsAt + 1n);
  const target = { script, amountSat: mint.lotSat };
  const planned = planFunding(purse.coins, target, policy.script, purse.nextBlockSatPerKvb, policy.fees);
  return planned.ok ? { do: "fund", plan: planned.plan } : wait(planned.reason);
}

/** What has to be right before bitcoin leaves the wallet. */
function hindranceOf(deposit: DepositFacts, purse: Purse | undefined, policy: MintPolicy): MintWait | undefined {
  const { collateralPercent, callBelowPercent, canMint, relay } = deposit;
  if (collateralPercent === undefined) return "price-offline";
  if (collateralPercent < policy.minCollateralPercent || collateralPercent < callBelowPercent) return "collateral-low";
  if (!canMint) return "supply-cap";
  if (purse?.kind !== "known") return undefined;
  // A proof from a block of an epoch that the relay does not know is no proof.
  const known = [relay.currentDifficulty, relay.previousDifficulty];
  return known.includes(purse.tipDifficulty) ? undefined : "relay-behind";
}

/** The payment is written down. */
function provingDuty(deposit: DepositFacts, sight: FundingSight | undefined, policy: MintPolicy): MintDuty {
  if (sight === undefined) return wait("bitcoin-unknown");
  const { payment, proof } = sight;
  const endsAt = deposit.fundingSince + FUNDING_TIMEOUT_SECONDS;
  const mayBeSent = !isTooLate(deposit, policy);
  switch (payment.kind) {
    case "unknown":
      return wait("bitcoin-unknown");
    case "unseen":
      if (mayBeSent) return { do: "broadcast" };
      return deposit.now > endsAt + policy.lostAfterSeconds
        ? { do: "send", step: "report-funding" }
        : wait("payment-missing", endsAt + policy.lostAfterSeconds + 1n);
    case "foreign":
      // As long as the other one is in no block, either may come.
      if (!payment.isConfirmed || deposit.now <= endsAt) return wait("coin-spent-elsewhere", endsAt + 1n);
      return { do: "send", step: "report-funding" };
    case "mempool":
      return payment.isPartial && mayBeSent ? { do: "broadcast" } : wait("confirmations");
    case "confirmed":
      if (proof?.ok === true) {
        // What is proven is not lost, whatever the price has done meanwhile; TBTC comes when there is room for it.
        return deposit.canMint ? exchangeDuty(deposit, proof.proof) : { do: "send", step: "prove", proof: proof.proof };
      }
      if (proof === undefined || proof.reason === "too-short") return wait("confirmations");
      return wait(proof.reason === "relay-behind" ? "relay-behind" : "proof-invalid");
  }
}

/** @param proof of a payment that nobody has proven yet */
function exchangeDuty({ isApproved, canMint }: DepositFacts, proof?: RedemptionProof): MintDuty {
  if (!isApproved) return { do: "send", step: "approve" };
  if (!canMint) return wait("supply-cap");
  return proof === undefined ? { do: "send", step: "exchange" } : { do: "send", step: "mint", proof };
}

/** Over: what is owed is taken, what may have been paid is asked for. */
function failureDuty(mint: Mint, { deposit, funding }: MintFacts): MintDuty {
  if (deposit.withdrawableWei > 0n) return sendOnce(mint, "withdraw");
  if (mint.funding !== undefined) {
    const cannotCome = funding?.payment.kind === "foreign" && funding.payment.isConfirmed;
    const asked = mint.states.abort === "final";
    if (!cannotCome && !asked && funding !== undefined) return { do: "send", step: "abort" };
    if (!cannotCome && !asked) return wait("bitcoin-unknown");
    return { do: "end", as: cannotCome ? "unfunded" : "aborted" };
  }
  if (!deposit.hasKeep) return { do: "end", as: "fraud" };
  return { do: "end", as: deposit.publicKey === undefined ? "setup-failed" : "unfunded" };
}

/** What a final transaction should have settled is not done again and again. */
function sendOnce(mint: Mint, step: Exclude<MintStep, "create" | "mint" | "prove">): MintDuty {
  return mint.states[step] === "final" ? wait("unexpected") : { do: "send", step };
}

function isTooLate({ now, fundingSince }: DepositFacts, { leastFundingSeconds }: MintPolicy): boolean {
  return now + leastFundingSeconds > fundingSince + FUNDING_TIMEOUT_SECONDS;
}

/** Undefined for what is no point of the curve: bitcoin sent there would be nobody's. */
function keepScript(publicKey: string): Uint8Array | undefined {
  try {
    return signerScript(publicKey);
  } catch {
    return undefined;
  }
}

function wait(why: MintWait, until?: bigint): MintDuty {
  return until === undefined ? { do: "wait", why } : { do: "wait", why, until };
}
