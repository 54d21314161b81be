/** What we need of the token programs: their addresses, token accounts, and the instruction that opens an associated one. */
import { AccountRole, type Address } from "@solana/kit";

import { PermanentError } from "../errors.js";
import type { MintRef, TransferFee } from "./accountRules.js";
import { associatedTokenAddress } from "./addresses.js";
import { addressAt } from "./base58.js";
import { ASSOCIATED_TOKEN_PROGRAM, SYSTEM_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./errorNames.js";
import type { FullInstruction } from "./program.js";

/** `create_idempotent`: succeeds when the account is there already. */
const CREATE_IDEMPOTENT = Uint8Array.of(1);

const AMOUNT_OFFSET = 64;
const STATE_OFFSET = 108;
const ACCOUNT_BYTES = 165;
const MINT_BYTES = 82;
const DECIMALS_OFFSET = 44;
const FROZEN = 2;
/** Of a mint with extensions: type u16, length u16, value. */
const EXTENSIONS_OFFSET = 166;
const TRANSFER_FEE_CONFIG = 1;
/** Within the value, behind two authorities and the withheld amount: epoch u64, most u64, basis points u16. */
const OLDER_FEE_OFFSET = 72;
const NEWER_FEE_OFFSET = 90;

export function isTokenProgram(program: string): boolean {
  return program === TOKEN_PROGRAM || program === TOKEN_2022_PROGRAM;
}

/** Opens a wallet's associated token account unless it is open. */
export async function createTokensInstruction(
  payer: Address,
  owner: Address,
  mint: Address,
  tokenProgram: Address,
): Promise<FullInstruction> {
  const tokens = await associatedTokenAddress(owner, mint, tokenProgram);
  return {
    programAddress: ASSOCIATED_TOKEN_PROGRAM as Address,
    accounts: [
      { address: payer, role: AccountRole.WRITABLE_SIGNER },
      { address: tokens, role: AccountRole.WRITABLE },
      { address: owner, role: AccountRole.READONLY },
      { address: mint, role: AccountRole.READONLY },
      { address: SYSTEM_PROGRAM as Address, role: AccountRole.READONLY },
      { address: tokenProgram, role: AccountRole.READONLY },
    ],
    data: CREATE_IDEMPOTENT,
  };
}

export interface TokenAccount {
  readonly mint: Address;
  readonly owner: Address;
  /** Base units of the mint. */
  readonly amountUnits: bigint;
  readonly isFrozen: boolean;
}

/** @throws PermanentError NOT_A_TOKEN_ACCOUNT. */
export function readTokenAccount(program: string, data: Uint8Array): TokenAccount {
  if (!isTokenProgram(program) || data.length < ACCOUNT_BYTES || data[STATE_OFFSET] === 0) {
    throw new PermanentError("NOT_A_TOKEN_ACCOUNT", `the account of ${program} is not an open token account`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    mint: addressAt(data, 0),
    owner: addressAt(data, 32),
    amountUnits: view.getBigUint64(AMOUNT_OFFSET, true),
    isFrozen: data[STATE_OFFSET] === FROZEN,
  };
}

/** @throws PermanentError NOT_A_MINT. */
export function readMintDecimals(program: string, data: Uint8Array): number {
  const decimals = data[DECIMALS_OFFSET];
  if (!isTokenProgram(program) || data.length < MINT_BYTES || decimals === undefined) {
    throw new PermanentError("NOT_A_MINT", `the account of ${program} is not a mint`);
  }
  return decimals;
}

/** What arrives of a transfer: Token-2022 rounds its fee up. */
export function receivedUnits({ transferFee }: Pick<MintRef, "transferFee">, amountUnits: bigint): bigint {
  if (transferFee === undefined) return amountUnits;
  const fee = (amountUnits * BigInt(transferFee.bps) + 9_999n) / 10_000n;
  return amountUnits - (fee < transferFee.maxUnits ? fee : transferFee.maxUnits);
}

/** A mint's transfer fee in an epoch: the newer one from its epoch on, before that the older one. */
export function readTransferFee(data: Uint8Array, epoch: bigint): TransferFee | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = EXTENSIONS_OFFSET; at + 4 <= data.length; at += 4 + view.getUint16(at + 2, true)) {
    const kind = view.getUint16(at, true);
    if (kind === 0) return undefined;
    if (kind !== TRANSFER_FEE_CONFIG) continue;
    const fees = [OLDER_FEE_OFFSET, NEWER_FEE_OFFSET].map((offset) => ({
      fromEpoch: view.getBigUint64(at + 4 + offset, true),
      maxUnits: view.getBigUint64(at + 12 + offset, true),
      bps: view.getUint16(at + 20 + offset, true),
    }));
    const [older, newer] = fees;
    const counting = newer !== undefined && epoch >= newer.fromEpoch ? newer : older;
    return counting === undefined ? undefined : { bps: counting.bps, maxUnits: counting.maxUnits };
  }
  return undefined;
}
