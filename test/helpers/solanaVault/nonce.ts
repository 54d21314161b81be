/** Transactions with a durable nonce: signed whenever, executed whenever, once. For rigs with `isUnsigned`. */
import {
  AccountRole,
  getAddressEncoder,
  getBase58Decoder,
  getU32Encoder,
  getU64Encoder,
  type Address,
  type Blockhash,
} from "@solana/kit";

import { SYSTEM_PROGRAM } from "../../../protocol/solana/errorNames.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import type { VaultRig } from "./rig.js";
import { signersOf } from "./stage.js";
import { keyOf } from "./svm.js";

const BLOCKHASHES = "SysvarRecentB1ockHashes11111111111111111111" as Address;
const RENT = "SysvarRent111111111111111111111111111111111" as Address;
const NONCE_BYTES = 80n;
/** Behind version, state and authority. */
const BLOCKHASH_OFFSET = 40;

// of the System program, by their numbers
const CREATE_ACCOUNT = 0;
const ADVANCE = 4;
const INITIALIZE = 6;

const system = (kind: number, accounts: FullInstruction["accounts"], ...more: Iterable<number>[]): FullInstruction => ({
  programAddress: SYSTEM_PROGRAM as Address,
  accounts,
  data: Uint8Array.from([...getU32Encoder().encode(kind), ...more.flatMap((part) => [...part])]),
});

export class Nonce {
  private constructor(
    private readonly rig: VaultRig,
    private readonly address: Address,
    private readonly authority: Address,
  ) {}

  /** Makes a nonce account. */
  static async create(rig: VaultRig): Promise<Nonce> {
    const { address } = await keyOf("nonce");
    const { address: authority } = await rig.wallet("nonce authority");
    const rent = rig.svm.minimumBalanceForRentExemption(NONCE_BYTES);
    const writable = { address, role: AccountRole.WRITABLE };
    const create = system(
      CREATE_ACCOUNT,
      [
        { address: authority, role: AccountRole.WRITABLE_SIGNER },
        { address, role: AccountRole.WRITABLE_SIGNER },
      ],
      ...[getU64Encoder().encode(rent), getU64Encoder().encode(NONCE_BYTES)],
      getAddressEncoder().encode(SYSTEM_PROGRAM as Address),
    );
    const initialize = system(
      INITIALIZE,
      [writable, { address: BLOCKHASHES, role: AccountRole.READONLY }, { address: RENT, role: AccountRole.READONLY }],
      getAddressEncoder().encode(authority),
    );
    await rig.must([create, initialize], { as: [authority, address] });
    return new Nonce(rig, address, authority);
  }

  /** The blockhash that it stores. */
  get blockhash(): Blockhash {
    const data = this.rig.data(this.address);
    if (data === undefined) throw new Error("the nonce account is gone");
    return getBase58Decoder().decode(data.subarray(BLOCKHASH_OFFSET, BLOCKHASH_OFFSET + 32)) as Blockhash;
  }

  /** Sends an instruction under the stored blockhash, long after that was recent. @returns name of the error, or "ok". */
  async send(instruction: FullInstruction, { isAdvancing = true } = {}): Promise<string> {
    // a nonce advances once in a block
    this.rig.svm.expireBlockhash();
    const advance = system(ADVANCE, [
      { address: this.address, role: AccountRole.WRITABLE },
      { address: BLOCKHASHES, role: AccountRole.READONLY },
      { address: this.authority, role: AccountRole.READONLY_SIGNER },
    ]);
    const { blockhash } = this;
    const as = [this.authority, ...signersOf(instruction)];
    const { error } = await this.rig.send(isAdvancing ? [advance, instruction] : [instruction], { as, blockhash });
    return error ?? "ok";
  }
}
