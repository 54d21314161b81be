/** Going back to an earlier state of a rig without making it anew: only what its transactions touched is put back, in microseconds. */
import { lamports, type Address, type EncodedAccount } from "@solana/kit";

import { LiteEngine } from "../solanaEngine/liteEngine.js";
import type { TestSvm } from "./svm.js";

const SYSTEM_PROGRAM = "11111111111111111111111111111111" as Address;
const LOADER = "BPFLoaderUpgradeab1e11111111111111111111111" as Address;

type Kept = EncodedAccount | { readonly address: Address; readonly exists: false };

export class Checkpoint {
  private readonly kept = new Map<Address, Kept>();
  private readonly unixSeconds: bigint;
  private readonly slot: bigint;

  /** A validator's engine watches by itself. */
  private readonly snapshot: Uint8Array | undefined;

  /** Watches what `rig` sends from now on. One at a time. */
  constructor(private readonly rig: TestSvm) {
    this.unixSeconds = rig.now;
    this.slot = rig.slot;
    this.snapshot = rig.svm instanceof LiteEngine ? undefined : rig.snapshot();
    if (this.snapshot !== undefined) return;
    const send = rig.send.bind(rig);
    rig.send = (instructions, options) => {
      for (const { accounts = [] } of instructions) for (const { address } of accounts) this.keep(address);
      return send(instructions, options);
    };
  }

  /** To be called for accounts that are set without a transaction. */
  keep(address: Address): void {
    if (this.snapshot !== undefined || this.kept.has(address)) return;
    const account = this.rig.svm.getAccount(address);
    // programs stay: to set one is to compile it again
    if (account.exists && (account.executable || account.programAddress === LOADER)) return;
    this.kept.set(address, account.exists ? account : { address, exists: false });
  }

  /** Everything is as it was when this was made. */
  back(): void {
    if (this.snapshot !== undefined) {
      this.rig.restore(this.snapshot);
      return;
    }
    for (const account of this.kept.values())
      this.rig.svm.setAccount("data" in account ? account : gone(account.address));
    this.rig.setClock(this.unixSeconds, this.slot);
  }
}

function gone(address: Address): EncodedAccount {
  const data = new Uint8Array();
  return { address, data, executable: false, lamports: lamports(0n), programAddress: SYSTEM_PROGRAM, space: 0n };
}
