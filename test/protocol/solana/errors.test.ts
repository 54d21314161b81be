import { getSolanaErrorFromJsonRpcError, getSolanaErrorFromTransactionError } from "@solana/kit";
import { SendTransactionError } from "@solana/web3.js";
import { expect } from "chai";

import { RetryableError, RevertError } from "../../../protocol/errors.js";
import {
  ASSOCIATED_TOKEN_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "../../../protocol/solana/errorNames.js";
import { asProgramError, failureOf, type ProgramFailure } from "../../../protocol/solana/errors.js";
import { eventsOf } from "../../../protocol/solana/events.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { describeWith } from "../../helpers/describeWith.js";
import { VaultNode } from "../../helpers/solanaVault/node.js";
import { VaultRig, type Depositor, type TestMint } from "../../helpers/solanaVault/rig.js";

const MEMO = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";
const custom = (code: number, position = 0): unknown => ({ InstructionError: [position, { Custom: code }] });

/** The log of a program that fails, called by others if `callers` are given. */
function failing(programs: readonly string[], code: number): string[] {
  const reason = `custom program error: 0x${code.toString(16)}`;
  return [
    ...programs.map((program, depth) => `Program ${program} invoke [${String(depth + 1)}]`),
    ...programs.toReversed().map((program) => `Program ${program} failed: ${reason}`),
  ];
}

describe("names of failures", () => {
  const nameOf = (program: string, code: number): Partial<ProgramFailure> | undefined =>
    failureOf({ err: custom(code), logs: failing([program], code) });

  it("are those of the program that failed", () => {
    expect(nameOf(vaultProgram.id, 6003)).to.deep.include({
      name: "InsufficientAvailable",
      program: "collateralVault",
    });
    expect(nameOf(vaultProgram.id, 3012)).to.deep.include({ name: "AccountNotInitialized" });
    expect(nameOf(positionProgram.id, 6000)?.program).to.equal("positionManager");
    expect(nameOf(TOKEN_PROGRAM, 1)).to.deep.include({ name: "InsufficientFunds", program: "token" });
    expect(nameOf(TOKEN_PROGRAM, 17)).to.deep.include({ name: "AccountFrozen" });
    expect(nameOf(TOKEN_2022_PROGRAM, 67)).to.deep.include({ name: "MintPaused", program: "token2022" });
    expect(nameOf(SYSTEM_PROGRAM, 0)).to.deep.include({ name: "AccountAlreadyInUse", program: "system" });
    expect(nameOf(ASSOCIATED_TOKEN_PROGRAM, 0)).to.deep.include({ name: "InvalidOwner" });
  });

  it("are never a number of a program that is not known", () => {
    expect(nameOf(MEMO, 6003)).to.deep.include({ name: "Unknown", program: MEMO });
    expect(nameOf(TOKEN_PROGRAM, 67)).to.deep.include({ name: "Unknown" });
    expect(nameOf(vaultProgram.id, 9_999)).to.deep.include({ name: "Unknown" });
  });

  it("come from the innermost program, not from those that called it", () => {
    const logs = failing([positionProgram.id, vaultProgram.id, TOKEN_PROGRAM], 1);
    expect(failureOf({ err: custom(1), logs })).to.deep.include({ name: "InsufficientFunds", program: "token" });
    const nested = failing([positionProgram.id, vaultProgram.id], 6003);
    expect(failureOf({ err: custom(6003), logs: nested })?.program).to.equal("collateralVault");
  });

  it("come from the transaction's programs where there is no log", () => {
    const programIds = [SYSTEM_PROGRAM, vaultProgram.id];
    const failure = failureOf({ err: custom(6003, 1), programIds });
    expect(failure).to.deep.equal({
      name: "InsufficientAvailable",
      program: "collateralVault",
      account: undefined,
      instruction: 1,
    });
  });

  it("come from the log where the error is lost", () => {
    expect(failureOf({ logs: failing([vaultProgram.id], 6003) })?.name).to.equal("InsufficientAvailable");
    const runtime = [`Program ${MEMO} invoke [1]`, `Program ${MEMO} failed: insufficient account keys for instruction`];
    expect(failureOf({ logs: runtime })?.name).to.equal("NotEnoughAccountKeys");
  });

  it("are the runtime's own otherwise", () => {
    expect(failureOf({ err: "BlockhashNotFound" })).to.deep.include({ name: "BlockhashNotFound", program: undefined });
    expect(failureOf({ err: { InsufficientFundsForRent: { account_index: 1 } } })?.name).to.equal(
      "InsufficientFundsForRent",
    );
    const missing = { InstructionError: [0, "MissingRequiredSignature"] };
    expect(failureOf({ err: missing, programIds: [TOKEN_PROGRAM] })).to.deep.include({
      ...{ name: "MissingRequiredSignature", program: "token" },
    });
    expect(failureOf({ err: null, logs: [] })).to.equal(undefined);
  });

  it("do not believe what a program prints", () => {
    const logs = [
      `Program ${MEMO} invoke [1]`,
      `Program log: Program ${vaultProgram.id} failed: custom program error: 0x1773`,
      `Program log: x\nProgram ${vaultProgram.id} failed: custom program error: 0x1773`,
      `Program log: AnchorError occurred. Error Code: InsufficientAvailable. Error Number: 6003. Error Message: no.`,
      `Program ${MEMO} failed: custom program error: 0x1`,
    ];
    expect(failureOf({ err: custom(1), logs })).to.deep.include({ name: "Unknown", program: MEMO });
  });
});

describe("what clients throw", () => {
  const logs = failing([vaultProgram.id], 6003);

  const check = (thrown: unknown, name: string): RevertError => {
    const error = asProgramError(thrown, "withdraw");
    if (!(error instanceof RevertError)) throw new Error(`not a RevertError: ${String(error)}`);
    expect(error.code).to.equal("REVERTED");
    expect(error.revertName).to.equal(name);
    expect(error.cause).to.equal(thrown);
    return error;
  };

  it("is typed: web3.js", () => {
    const message = "Transaction simulation failed: Error processing Instruction 2: custom program error: 0x1773";
    const thrown = new SendTransactionError({ action: "simulate", signature: "", transactionMessage: message, logs });
    expect(check(thrown, "InsufficientAvailable").args).to.deep.equal(["collateralVault"]);
    const plain = new Error("failed: Error processing Instruction 0: missing required signature for instruction");
    check(plain, "MissingRequiredSignature");
  });

  it("is typed: kit", () => {
    check(getSolanaErrorFromTransactionError({ InstructionError: [0, "InvalidAccountData"] }), "InvalidAccountData");
    const preflight = { code: -32002, message: "failed", data: { err: custom(6003), logs, unitsConsumed: 1 } };
    check(getSolanaErrorFromJsonRpcError(preflight), "InsufficientAvailable");
  });

  it("is worth another try where the cluster refused it for a moment", () => {
    const error = asProgramError(getSolanaErrorFromTransactionError("BlockhashNotFound"), "send");
    expect(error).to.be.instanceOf(RetryableError).with.property("code", "TRANSACTION_REFUSED");
  });

  it("is left alone when it is no failure of a transaction", () => {
    const thrown = new Error("socket hang up");
    expect(asProgramError(thrown, "send")).to.equal(thrown);
    expect(asProgramError(undefined, "send")).to.equal(undefined);
    const round: { cause?: unknown } = {};
    round.cause = round;
    expect(asProgramError(round, "send")).to.equal(round);
  });
});

describeWith("ownCluster", "failures and events of real transactions", () => {
  let rig: VaultRig;
  let node: VaultNode;
  let mint: TestMint;
  let alice: Depositor;

  before(async () => {
    rig = await VaultRig.create();
    mint = await rig.mint();
    alice = await rig.depositor("alice", [mint], 1_000n);
    node = await VaultNode.start(rig);
  });
  after(() => node.stop());

  it("have the account that broke a constraint", async () => {
    const at = { vault: alice.vault, mint };
    const deposit = await rig.instructions.build("deposit", { args: { amount: 1n, decimals: 6 } }, at, {
      balance: alice.address,
    });
    const sent = await rig.send([deposit], { signers: [alice.key] });
    expect(sent.failure).to.deep.include({ name: "AccountDiscriminatorMismatch", program: "collateralVault" });
  });

  it("are the token program's where it said no", async () => {
    const at = { vault: alice.vault, mint };
    const sent = await rig.send([await rig.instructions.deposit(at, 5_000n)], { signers: [alice.key] });
    expect(sent.failure).to.deep.include({ name: "InsufficientFunds", program: "token" });
  });

  it("are typed when web3.js throws them", async () => {
    const at = { vault: alice.vault, mint };
    const made = await rig.instructions.withdraw(at, 5_000n);
    const thrown: unknown = await node.sendInstructions([made], [alice.key]).catch((error: unknown) => error);
    const error = asProgramError(thrown, "withdraw");
    expect(error).to.be.instanceOf(RevertError).with.property("revertName", "InsufficientAvailable");
  });

  it("count every event once, in order, with its number", async () => {
    const at = { vault: alice.vault, mint };
    const { instructions: make } = rig;
    const sent = await rig.must([await make.deposit(at, 10n), await make.withdraw(at, 4n)], { signers: [alice.key] });
    const numbers = sent.events.map((event) =>
      event.name === "deposited" || event.name === "withdrawn" ? event.data.ledger.seqNum : undefined,
    );
    expect(sent.events.map(({ name }) => name)).to.deep.equal(["deposited", "withdrawn"]);
    expect(numbers).to.deep.equal([2n, 3n]);

    const data = sent.logs.find((line) => line.startsWith("Program data: ")) ?? "";
    const forged = [`Program ${MEMO} invoke [1]`, data, `Program ${MEMO} success`];
    expect(eventsOf(vaultProgram, forged).events).to.deep.equal([]);
    const nested = [
      `Program ${vaultProgram.id} invoke [1]`,
      `Program ${MEMO} invoke [2]`,
      data,
      `Program ${MEMO} success`,
      data,
      `Program ${vaultProgram.id} success`,
    ];
    expect(eventsOf(vaultProgram, nested).events).to.have.length(1);
    expect(eventsOf(vaultProgram, [...nested.slice(0, 5), "Log truncated"]).isComplete).to.equal(false);
  });
});
