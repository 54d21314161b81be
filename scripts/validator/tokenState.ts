/** Accounts of the two token programs, read from their bytes. What extensions of Token-2022 add comes after and is not needed here. */
import { getAddressDecoder, type Address, type EncodedAccount } from "@solana/kit";

export const TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA" as Address;
export const TOKEN_2022_PROGRAM = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb" as Address;

const MINT_BYTES = 82;
const ACCOUNT_BYTES = 165;
/** Mints and accounts with extensions say which of the two they are in the byte after the length of an account. */
const KIND = { mint: 1, account: 2 } as const;
/** COption: a u32 that says whether a value follows. */
const OPTION_BYTES = 4;
const ADDRESS_BYTES = 32;

const ACCOUNT_STATES = ["uninitialized", "initialized", "frozen"] as const;

export interface MintState {
  readonly mintAuthority: Address | null;
  readonly supply: bigint;
  readonly decimals: number;
  readonly isInitialized: boolean;
  readonly freezeAuthority: Address | null;
}

export interface TokenAccountState {
  readonly mint: Address;
  readonly owner: Address;
  readonly amount: bigint;
  readonly delegate: Address | null;
  readonly state: (typeof ACCOUNT_STATES)[number];
  /** Rent-exempt reserve of an account of wrapped SOL. */
  readonly nativeReserve: bigint | null;
  readonly delegatedAmount: bigint;
  readonly closeAuthority: Address | null;
}

export function isTokenProgram(address: string): boolean {
  return address === TOKEN_PROGRAM || address === TOKEN_2022_PROGRAM;
}

function isKind(account: EncodedAccount, bytes: number, kind: number): boolean {
  if (!isTokenProgram(account.programAddress)) return false;
  if (account.data.length === bytes) return true;
  return account.data.length > ACCOUNT_BYTES && account.data[ACCOUNT_BYTES] === kind;
}

function reader(data: EncodedAccount["data"]) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const address = (at: number): Address => getAddressDecoder().decode(data.subarray(at, at + ADDRESS_BYTES));
  return {
    view,
    address,
    optionalAddress: (at: number) => (view.getUint32(at, true) === 0 ? null : address(at + OPTION_BYTES)),
  };
}

/** Undefined for what is no mint. */
export function readMint(account: EncodedAccount | undefined): MintState | undefined {
  if (account === undefined || !isKind(account, MINT_BYTES, KIND.mint)) return undefined;
  const { view, optionalAddress } = reader(account.data);
  return {
    mintAuthority: optionalAddress(0),
    supply: view.getBigUint64(36, true),
    decimals: view.getUint8(44),
    isInitialized: view.getUint8(45) === 1,
    freezeAuthority: optionalAddress(46),
  };
}

/** Undefined for what is no account of tokens. */
export function readTokenAccount(account: EncodedAccount | undefined): TokenAccountState | undefined {
  if (account === undefined || !isKind(account, ACCOUNT_BYTES, KIND.account)) return undefined;
  const { view, address, optionalAddress } = reader(account.data);
  return {
    mint: address(0),
    owner: address(32),
    amount: view.getBigUint64(64, true),
    delegate: optionalAddress(72),
    state: ACCOUNT_STATES[view.getUint8(108)] ?? "uninitialized",
    nativeReserve: view.getUint32(109, true) === 0 ? null : view.getBigUint64(113, true),
    delegatedAmount: view.getBigUint64(121, true),
    closeAuthority: optionalAddress(129),
  };
}

/** An amount the way nodes show it: exact as text, and as a number for people. */
export function tokenAmountJson(amount: bigint, decimals: number): Record<string, unknown> {
  const digits = String(amount).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  const text = fraction === "" ? whole : `${whole}.${fraction}`;
  return { amount: String(amount), decimals: BigInt(decimals), uiAmount: Number(text), uiAmountString: text };
}
