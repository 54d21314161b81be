/** LiteSVM in this process: the engine of `npm test`. */
import { lamports, type Address, type Blockhash, type EncodedAccount, type MaybeEncodedAccount } from "@solana/kit";
import type { Transaction } from "@solana/kit";
import { FailedTransactionMetadata, LiteSVM } from "litesvm";

import { transactionError } from "../../../scripts/validator/transactionError.js";
import { SYSTEM_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { UPGRADEABLE_LOADER } from "../../../scripts/validator/programs.js";
import { ValidatorServer } from "../../../scripts/validator/server.js";
import { liteNode } from "./liteNode.js";
import type { EngineClock, EngineNode, Executed, SvmEngine } from "./engine.js";

/** Whose accounts tests change; the loader's ProgramData come before the programs that need them. */
const OWNERS = [
  ...[UPGRADEABLE_LOADER, SYSTEM_PROGRAM, TOKEN_PROGRAM, TOKEN_2022_PROGRAM],
  ...[vaultProgram.id, positionProgram.id],
] as Address[];

export class LiteEngine implements SvmEngine {
  private svm = new LiteSVM().withTransactionHistory(0n);

  getAccount(address: Address): MaybeEncodedAccount {
    return this.svm.getAccount(address);
  }

  getBalance(address: Address): bigint | null {
    return this.svm.getBalance(address);
  }

  setAccount(account: EncodedAccount): void {
    // exactly what LiteSVM takes: accounts that tests derive from others may say more
    const { address, data, executable, programAddress, space } = account;
    this.svm.setAccount({
      ...{ address, data, executable, programAddress, space },
      lamports: lamports(account.lamports),
    });
  }

  minimumBalanceForRentExemption(bytes: bigint): bigint {
    return this.svm.minimumBalanceForRentExemption(bytes);
  }

  getClock(): EngineClock {
    return this.svm.getClock();
  }

  setClock(unixSeconds: bigint, slot: bigint): void {
    const clock = this.svm.getClock();
    clock.unixTimestamp = unixSeconds;
    clock.slot = slot;
    this.svm.setClock(clock);
  }

  latestBlockhash(): Blockhash {
    return this.svm.latestBlockhash();
  }

  expireBlockhash(): void {
    this.svm.expireBlockhash();
  }

  execute(transaction: Transaction, isVerified: boolean): Executed {
    this.svm.withSigverify(isVerified);
    const result = this.svm.sendTransaction(transaction);
    const isFailed = result instanceof FailedTransactionMetadata;
    const meta = isFailed ? result.meta() : result;
    const err = isFailed ? transactionError(result) : undefined;
    return { err, logs: meta.logs(), computeUnits: meta.computeUnitsConsumed() };
  }

  snapshot(): Uint8Array {
    return this.svm.toBytes();
  }

  restore(snapshot: Uint8Array): void {
    this.svm = LiteSVM.fromBytes(snapshot);
  }

  /** A copy of all there is now. */
  async serve(): Promise<EngineNode> {
    const genesisTime = this.getClock().unixTimestamp;
    const server = await ValidatorServer.start({ genesisTime, seed: "vault node" });
    const { cluster } = server;
    for (const owner of OWNERS) {
      const accounts = this.svm
        .getProgramAccounts(owner)
        .toSorted((a, b) => Number(a.executable) - Number(b.executable));
      for (const account of accounts) cluster.bank.setAccount(account);
    }
    cluster.advance(2);
    return liteNode(server);
  }
}
