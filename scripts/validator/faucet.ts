/** Where airdrops come from: an account of its own that signs ordinary transfers, so that they have signatures and can be dropped. */
import {
  appendTransactionMessageInstructions,
  blockhash,
  createKeyPairSignerFromPrivateKeyBytes,
  createTransactionMessage,
  getTransactionEncoder,
  lamports,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  type Address,
  type KeyPairSigner,
} from "@solana/kit";

import { unitLimit } from "../../protocol/solana/computeBudget.js";
import type { Bank } from "./bank.js";
import { lastValidBlockHeight } from "./blockhashes.js";
import { SYSTEM_PROGRAM, transferInstruction } from "./instructions.js";
import { fromBytes, type WireTransaction } from "./wire.js";

/** Published and worthless. */
const PRIVATE_KEY = new Uint8Array(32).fill(0xfa);
const FUNDS_LAMPORTS = 2n ** 62n;
const BASE_COMPUTE_UNITS = 10_000;

export class Faucet {
  private constructor(
    private readonly bank: Bank,
    private readonly signer: KeyPairSigner,
    private count: number,
  ) {}

  /** `given` airdrops were made before. */
  static async create(bank: Bank, given = 0): Promise<Faucet> {
    const signer = await createKeyPairSignerFromPrivateKeyBytes(PRIVATE_KEY);
    bank.setAccount({
      address: signer.address,
      lamports: lamports(FUNDS_LAMPORTS),
      data: new Uint8Array(),
      executable: false,
      programAddress: SYSTEM_PROGRAM,
      space: 0n,
    });
    return new Faucet(bank, signer, given);
  }

  get given(): number {
    return this.count;
  }

  /** A signed transfer from the faucet. Every one differs, also two equal ones in one slot. */
  async airdrop(to: Address, amountLamports: bigint): Promise<WireTransaction> {
    this.count += 1;
    const { parent } = this.bank.blocks;
    const message = pipe(
      createTransactionMessage({ version: 0 }),
      (draft) => setTransactionMessageFeePayerSigner(this.signer, draft),
      (draft) =>
        setTransactionMessageLifetimeUsingBlockhash(
          { blockhash: blockhash(parent.blockhash), lastValidBlockHeight: lastValidBlockHeight(parent.height) },
          draft,
        ),
      (draft) =>
        appendTransactionMessageInstructions(
          [unitLimit(BASE_COMPUTE_UNITS + this.given), transferInstruction(this.signer.address, to, amountLamports)],
          draft,
        ),
    );
    const signed = await signTransactionMessageWithSigners(message);
    return fromBytes(new Uint8Array(getTransactionEncoder().encode(signed)));
  }
}
