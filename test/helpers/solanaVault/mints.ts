/** Mints and token accounts for program tests, made by the real token programs: every Token-2022 extension of a mint, wanted or not. */
import { AccountRole, getAddressEncoder, type AccountMeta, type Address, type Instruction } from "@solana/kit";

import type { MintRef, TransferFee } from "../../../protocol/solana/accountRules.js";
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { readTransferFee } from "../../../protocol/solana/tokens.js";
import type { TestSvm } from "./svm.js";

/** What Token-2022 needs to give a new mint an extension. */
interface MintExtension {
  /** Bytes of the value. */
  readonly bytes: number;
  /** Its initialisation, which comes before the mint's; written for `authority`. */
  readonly initialize: (authority: Uint8Array) => Uint8Array;
}

const NONE = new Uint8Array(32);
const some = (key: Uint8Array): number[] => [1, ...key];
const extension = (bytes: number, initialize: (authority: Uint8Array) => Iterable<number>): MintExtension => ({
  bytes,
  initialize: (authority) => Uint8Array.from(initialize(authority)),
});

/** A point that Token-2022 takes for an ElGamal key; nobody knows its secret. */
const ELGAMAL_KEY = new Uint8Array(32);

/** By the names that docs and errors use. Instruction numbers are those of Token-2022's interface. */
export const MINT_EXTENSIONS = {
  MintCloseAuthority: extension(32, (key) => [25, ...some(key)]),
  ConfidentialTransferMint: extension(65, (key) => [27, 0, ...key, 1, ...NONE]),
  DefaultAccountState: extension(1, () => [28, 0, 2]),
  NonTransferable: extension(0, () => [32]),
  InterestBearingConfig: extension(52, (key) => [33, 0, ...key, 100, 0]),
  PermanentDelegate: extension(32, (key) => [35, ...key]),
  TransferHook: extension(64, (key) => [36, 0, ...key, ...key]),
  ConfidentialTransferFeeConfig: extension(129, (key) => [37, 0, ...key, ...ELGAMAL_KEY]),
  MetadataPointer: extension(64, (key) => [39, 0, ...key, ...key]),
  GroupPointer: extension(64, (key) => [40, 0, ...key, ...key]),
  GroupMemberPointer: extension(64, (key) => [41, 0, ...key, ...key]),
  ConfidentialMintBurn: extension(196, () => [42, 0, ...ELGAMAL_KEY, ...new Uint8Array(36)]),
  ScaledUiAmount: extension(56, (key) => [43, 0, ...key, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]),
  Pausable: extension(33, (key) => [44, 0, ...key]),
  PermissionedBurn: extension(32, (key) => [46, 0, ...key]),
} as const satisfies Readonly<Record<string, MintExtension>>;

export type MintExtensionName = keyof typeof MINT_EXTENSIONS;

export interface MintOptions {
  /** Its authority may freeze; so it is unless told otherwise. */
  readonly hasFreezeAuthority?: boolean;
  readonly decimals?: number;
  readonly tokenProgram?: Address;
  readonly transferFee?: TransferFee;
  /** In the order in which the mint has them. */
  readonly extensions?: readonly MintExtensionName[];
}

const MINT_BYTES = 82;
/** With extensions a mint is as long as an account, then comes the byte that tells them apart. */
const EXTENDED_BYTES = 166;
const EXTENSION_HEADER_BYTES = 4;
const TRANSFER_FEE_BYTES = 108;
/** Of a mint whose first extension is its fee: behind the header, two authorities and what is withheld. */
const FIRST_FEE_OFFSET = EXTENDED_BYTES + EXTENSION_HEADER_BYTES + 72;
const FEE_BYTES = 18;

const bytesOf = (address: Address): Uint8Array => new Uint8Array(getAddressEncoder().encode(address));
const u64 = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
};

export function mintBytes({ transferFee, extensions = [] }: MintOptions): number {
  const values = extensions.map((name) => MINT_EXTENSIONS[name].bytes);
  if (transferFee !== undefined) values.push(TRANSFER_FEE_BYTES);
  if (values.length === 0) return MINT_BYTES;
  return values.reduce((total, bytes) => total + EXTENSION_HEADER_BYTES + bytes, EXTENDED_BYTES);
}

/** Creates and initialises a mint whose every authority is `authority`. `mint` and `payer` sign. */
export function createMintInstructions(
  payer: Address,
  mint: Address,
  authority: Address,
  rentLamports: bigint,
  options: MintOptions = {},
): Instruction[] {
  const { decimals = 6, transferFee, extensions = [], tokenProgram = TOKEN_PROGRAM as Address } = options;
  const { hasFreezeAuthority = true } = options;
  const key = bytesOf(authority);
  const create = Uint8Array.from([
    ...[0, 0, 0, 0],
    ...u64(rentLamports),
    ...u64(BigInt(mintBytes(options))),
    ...bytesOf(tokenProgram),
  ]);
  const ofMint = (data: Iterable<number>): Instruction => ({
    programAddress: tokenProgram,
    accounts: [writable(mint)],
    data: Uint8Array.from(data),
  });
  return [
    {
      programAddress: SYSTEM_PROGRAM as Address,
      accounts: [signer(payer, true), signer(mint, true)],
      data: create,
    },
    ...extensions.map((name) => ofMint(MINT_EXTENSIONS[name].initialize(key))),
    ...(transferFee === undefined
      ? []
      : [
          ofMint([
            ...[26, 0, ...some(key), ...some(key)],
            ...[transferFee.bps & 0xff, transferFee.bps >> 8],
            ...u64(transferFee.maxUnits),
          ]),
        ]),
    ofMint([20, decimals, ...key, ...(hasFreezeAuthority ? some(key) : [0])]),
  ];
}

export function mintToInstruction(
  tokenProgram: Address,
  mint: Address,
  tokens: Address,
  authority: Address,
  amountUnits: bigint,
): Instruction {
  return {
    programAddress: tokenProgram,
    accounts: [writable(mint), writable(tokens), signer(authority)],
    data: Uint8Array.from([7, ...u64(amountUnits)]),
  };
}

/** Freezes a token account, or thaws it. */
export function freezeInstruction(
  tokenProgram: Address,
  tokens: Address,
  mint: Address,
  authority: Address,
  isFrozen = true,
): Instruction {
  return {
    programAddress: tokenProgram,
    accounts: [writable(tokens), { address: mint, role: AccountRole.READONLY }, signer(authority)],
    data: Uint8Array.of(isFrozen ? 10 : 11),
  };
}

export function closeTokensInstruction(
  tokenProgram: Address,
  tokens: Address,
  destination: Address,
  owner: Address,
): Instruction {
  return {
    programAddress: tokenProgram,
    accounts: [writable(tokens), writable(destination), signer(owner)],
    data: Uint8Array.of(9),
  };
}

/** A plain transfer between token accounts: how donations come in. */
export function transferTokensInstruction(
  mint: { readonly address: Address; readonly tokenProgram: Address; readonly decimals: number },
  source: Address,
  destination: Address,
  owner: Address,
  amountUnits: bigint,
): Instruction {
  return {
    programAddress: mint.tokenProgram,
    accounts: [
      writable(source),
      { address: mint.address, role: AccountRole.READONLY },
      writable(destination),
      signer(owner),
    ],
    data: Uint8Array.from([12, ...u64(amountUnits), mint.decimals]),
  };
}

function writable(address: Address): AccountMeta {
  return { address, role: AccountRole.WRITABLE };
}

function signer(address: Address, isWritable = false): AccountMeta {
  return { address, role: isWritable ? AccountRole.WRITABLE_SIGNER : AccountRole.READONLY_SIGNER };
}

/** Sets a mint's fee from now on: its authority would have to wait two epochs. */
export function setTransferFee(rig: TestSvm, { address }: Pick<MintRef, "address">, fee: TransferFee): void {
  const account = rig.svm.getAccount(address);
  if (!account.exists) throw new Error("no mint");
  const data = Uint8Array.from(account.data);
  const view = new DataView(data.buffer);
  // the older and the newer one: epoch, most, basis points
  for (const at of [FIRST_FEE_OFFSET, FIRST_FEE_OFFSET + FEE_BYTES]) {
    view.setBigUint64(at, 0n, true);
    view.setBigUint64(at + 8, fee.maxUnits, true);
    view.setUint16(at + 16, fee.bps, true);
  }
  rig.svm.setAccount({ ...account, data });
  const found = readTransferFee(data, 0n);
  if (found?.bps !== fee.bps) throw new Error("the fee must be the mint's first extension");
}
