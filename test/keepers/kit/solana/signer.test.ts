import {
  AccountRole,
  appendTransactionMessageInstructions,
  compileTransaction,
  createTransactionMessage,
  getTransactionDecoder,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  type Blockhash,
  type Instruction,
  type KeyPairSigner,
} from "@solana/kit";
import { expect } from "chai";

import { signMessage, solanaSignerOf } from "../../../../keepers/kit/solana/signer.js";
import { codeOf } from "../../../helpers/rejection.js";
import { testSigner } from "../../../helpers/solana.js";
import { SYSTEM_PROGRAM, transferInstruction } from "../../../../scripts/validator/instructions.js";

const BLOCKHASH = SYSTEM_PROGRAM as string as Blockhash;

describe("keepers/kit/solana/signer", () => {
  let ours: KeyPairSigner;
  let other: KeyPairSigner;

  before(async () => {
    ours = await testSigner(1);
    other = await testSigner(2);
  });

  const compile = (...instructions: Instruction[]): Uint8Array => {
    const message = pipe(
      createTransactionMessage({ version: 0 }),
      (draft) => setTransactionMessageFeePayer(ours.address, draft),
      (draft) => setTransactionMessageLifetimeUsingBlockhash({ blockhash: BLOCKHASH, lastValidBlockHeight: 0n }, draft),
      (draft) => appendTransactionMessageInstructions(instructions, draft),
    );
    return new Uint8Array(compileTransaction(message).messageBytes);
  };
  const advanceNonce = (): Instruction => ({
    programAddress: SYSTEM_PROGRAM,
    accounts: [
      { address: other.address, role: AccountRole.WRITABLE },
      { address: ours.address, role: AccountRole.READONLY_SIGNER },
    ],
    data: new Uint8Array([4, 0, 0, 0]),
  });

  it("signs what it alone must sign, as a transaction that decodes again", async () => {
    const message = compile(transferInstruction(ours.address, other.address, 1n));
    const { bytes, signature } = await signMessage(solanaSignerOf(ours), message);
    const decoded = getTransactionDecoder().decode(bytes);
    expect(Object.keys(decoded.signatures)).to.deep.equal([ours.address]);
    expect(new Uint8Array(decoded.messageBytes)).to.deep.equal(message);
    expect(signature).to.match(/^[1-9A-HJ-NP-Za-km-z]{64,88}$/);
  });

  it("SOL-12 refuses a durable nonce, as the first instruction and as any other", async () => {
    const transfer = transferInstruction(ours.address, other.address, 1n);
    expect(await codeOf(signMessage(solanaSignerOf(ours), compile(advanceNonce(), transfer)))).to.equal(
      "DURABLE_NONCE",
    );
    expect(await codeOf(signMessage(solanaSignerOf(ours), compile(transfer, advanceNonce())))).to.equal(
      "DURABLE_NONCE",
    );
  });

  it("refuses what somebody else must sign as well, or pays for", async () => {
    const theirs = transferInstruction(other.address, ours.address, 1n);
    expect(await codeOf(signMessage(solanaSignerOf(ours), compile(theirs)))).to.equal("FOREIGN_SIGNER");
    const message = compile(transferInstruction(ours.address, other.address, 1n));
    expect(await codeOf(signMessage(solanaSignerOf(other), message))).to.equal("FOREIGN_SIGNER");
  });

  it("refuses the signature of another key", async () => {
    const message = compile(transferInstruction(ours.address, other.address, 1n));
    const wrong = { ...solanaSignerOf(other), address: ours.address };
    expect(await codeOf(signMessage(wrong, message))).to.equal("WRONG_SIGNATURE");
  });
});
