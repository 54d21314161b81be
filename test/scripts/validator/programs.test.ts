import { getTransactionDecoder, getBase64Encoder, lamports, type Address, type KeyPairSigner } from "@solana/kit";
import { expect } from "chai";
import { FailedTransactionMetadata, LiteSVM } from "litesvm";

import { PermanentError } from "../../../protocol/errors.js";
import {
  loadUpgradeable,
  programDataAddress,
  readProgramData,
  UPGRADEABLE_LOADER,
} from "../../../scripts/validator/programs.js";
import { codeOf } from "../../helpers/rejection.js";
import { LAMPORTS_PER_SOL, signWith, testSigner } from "../../helpers/solana.js";

/** Programs that LiteSVM brings along; their accounts are bare ELFs. */
const MEMO = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr" as Address;
const ASSOCIATED_TOKEN = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL" as Address;
const SLOT = 41n;

describe("programs of the upgradeable loader in LiteSVM", () => {
  let svm: LiteSVM;
  let payer: KeyPairSigner;
  let programId: Address;
  let upgradeAuthority: Address;

  const elfOf = (address: Address): Uint8Array => {
    const account = svm.getAccount(address);
    if (!account.exists) throw new Error(`${address} does not exist`);
    return account.data;
  };
  /** Calls the program with eight bytes and no accounts. */
  const call = async () => {
    const instruction = { programAddress: programId, accounts: [], data: new TextEncoder().encode("eightish") };
    const { wire } = await signWith(payer, svm.latestBlockhash(), [instruction]);
    const result = svm.sendTransaction(getTransactionDecoder().decode(getBase64Encoder().encode(wire)));
    svm.expireBlockhash();
    const failed = result instanceof FailedTransactionMetadata;
    return { failed, logs: (failed ? result.meta() : result).logs() };
  };
  const programData = async () => {
    const account = svm.getAccount(await programDataAddress(programId));
    if (!account.exists) throw new Error("no ProgramData");
    return account;
  };

  before(async () => {
    payer = await testSigner(1);
    programId = (await testSigner(2)).address;
    upgradeAuthority = (await testSigner(3)).address;
  });
  beforeEach(() => {
    svm = new LiteSVM();
    svm.airdrop(payer.address, lamports(LAMPORTS_PER_SOL));
  });

  it("runs, and its ProgramData says slot, authority and ELF", async () => {
    const so = elfOf(MEMO);
    const dataAddress = await loadUpgradeable(svm, { programId, so, upgradeAuthority, slot: SLOT });
    const { failed, logs } = await call();
    expect(failed, logs.join("\n")).to.equal(false);
    expect(logs).to.include("Program log: eightish");
    const account = await programData();
    expect(account.address).to.equal(dataAddress);
    expect(account.executable).to.equal(false);
    expect(readProgramData(account)).to.deep.equal({ slot: SLOT, upgradeAuthority, so });
    const program = svm.getAccount(programId);
    expect(program.exists && program.executable && program.programAddress).to.equal(UPGRADEABLE_LOADER);
  });

  it("is replaced by another version with a slot of its own", async () => {
    await loadUpgradeable(svm, { programId, so: elfOf(MEMO), upgradeAuthority, slot: SLOT });
    expect((await call()).failed).to.equal(false);
    const so = elfOf(ASSOCIATED_TOKEN);
    await loadUpgradeable(svm, { programId, so, upgradeAuthority: null, slot: SLOT + 1n });
    // The other program takes at most one byte of data.
    expect((await call()).failed).to.equal(true);
    expect(readProgramData(await programData())).to.deep.equal({ slot: SLOT + 1n, upgradeAuthority: null, so });
  });

  it("is refused when it is no ELF, and leaves what was there", async () => {
    const broken = { programId, so: new Uint8Array(64).fill(7), upgradeAuthority, slot: SLOT + 1n };
    expect(await codeOf(loadUpgradeable(svm, broken))).to.equal("INVALID_PROGRAM");
    expect(svm.getAccount(programId).exists).to.equal(false);
    expect(svm.getAccount(await programDataAddress(programId)).exists).to.equal(false);
    const so = elfOf(MEMO);
    await loadUpgradeable(svm, { programId, so, upgradeAuthority, slot: SLOT });
    expect(await codeOf(loadUpgradeable(svm, broken))).to.equal("INVALID_PROGRAM");
    expect(readProgramData(await programData())).to.deep.equal({ slot: SLOT, upgradeAuthority, so });
    expect((await call()).failed).to.equal(false);
  });

  it("is not read from an account of another kind", async () => {
    await loadUpgradeable(svm, { programId, so: elfOf(MEMO), upgradeAuthority, slot: SLOT });
    const program = svm.getAccount(programId);
    const memo = svm.getAccount(MEMO);
    if (!program.exists || !memo.exists) throw new Error("missing");
    for (const account of [program, memo]) {
      expect(() => readProgramData(account))
        .to.throw(PermanentError)
        .with.property("code", "NOT_PROGRAM_DATA");
    }
  });
});
