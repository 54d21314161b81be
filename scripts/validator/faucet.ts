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
  AccountRole,
  type Address,
  type Instruction,
  type KeyPairSigner,
} from "@solana/kit";

import type { Bank } from "./bank.js";
import { lastValidBlockHeight } from "./blockhashes.js";
import { fromBytes, type WireTransaction } from "./wire.js";

const SYSTEM_PROGRAM = "11111111111111111111111111111111" as Address;
const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111" as Address;
/** Published and worthless. */
const PRIVATE_KEY = new Uint8Array(32).fill(0xfa);
const FUNDS_LAMPORTS = 2n ** 62n;
/** System instruction Transfer, compute-budget instruction SetComputeUnitLimit. */
const TRANSFER = 2;
const SET_COMPUTE_UNIT_LIMIT = 2;
const BASE_COMPUTE_UNITS = 10_000;

export class Faucet {
  private given = 0;

  private constructor(
    private readonly bank: Bank,
    private readonly signer: KeyPairSigner,
  ) {}

  static async create(bank: Bank): Promise<Faucet> {
    const signer = await createKeyPairSignerFromPrivateKeyBytes(PRIVATE_KEY);
    bank.setAccount({
      address: signer.address,
      lamports: lamports(FUNDS_LAMPORTS),
      data: new Uint8Array(),
      executable: false,
      programAddress: SYSTEM_PROGRAM,
      space: 0n,
    });
    return new Faucet(bank, signer);
  }

  /** A signed transfer from the faucet. Every one differs, also two equal ones in one slot. */
  async airdrop(to: Address, amountLamports: bigint): Promise<WireTransaction> {
    this.given += 1;
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
          [computeLimit(BASE_COMPUTE_UNITS + this.given), transfer(this.signer.address, to, amountLamports)],
          draft,
        ),
    );
    const signed = await signTransactionMessageWithSigners(message);
    return fromBytes(new Uint8Array(getTransactionEncoder().encode(signed)));
  }
}

function computeLimit(units: number): Instruction {
  const data = new DataView(new ArrayBuffer(5));
  data.setUint8(0, SET_COMPUTE_UNIT_LIMIT);
  data.setUint32(1, units, true);
  return { programAddress: COMPUTE_BUDGET, data: new Uint8Array(data.buffer) };
}

function transfer(from: Address, to: Address, amountLamports: bigint): Instruction {
  const data = new DataView(new ArrayBuffer(12));
  data.setUint32(0, TRANSFER, true);
  data.setBigUint64(4, amountLamports, true);
  return {
    programAddress: SYSTEM_PROGRAM,
    accounts: [
      { address: from, role: AccountRole.WRITABLE_SIGNER },
      { address: to, role: AccountRole.WRITABLE },
    ],
    data: new Uint8Array(data.buffer),
  };
}
