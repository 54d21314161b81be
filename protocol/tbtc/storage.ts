/**
 * What a deposit knows and no getter tells, by its place in storage. Deposits are clones of one contract that nobody can change, so that
 * places are as fixed as selectors; `depositSlots` still lets a reader check one against a getter before he believes another.
 */
import { AbiCoder, keccak256, toBeHex } from "ethers";

/** Slots of `Deposit`: one of its factory's authority, then the struct of DepositUtils. */
export const depositSlots = {
  /** Vending machine, lot, state and fee divisor, from the lowest byte on. */
  state: slot(5),
  /** Unix seconds of the last courtesy call; what an exit leaves behind. */
  courtesyCallInitiated: slot(9),
  keepAddress: slot(11),
  /** Unix seconds of the opening; 0 once a key or a failure has ended the setup. */
  setupSince: slot(12),
  /** Unix seconds at which the key was registered; 0 before that, and once the funding is proven or has failed. */
  fundingSince: slot(13),
  /** The registered key; 0 before. */
  publicKeyX: slot(14),
  publicKeyY: slot(15),
  /** Unix seconds of the redemption request or of the last fee bump. */
  withdrawalRequestTime: slot(20),
} as const;

/** Allowances of TBTCToken: behind three words of ERC20Detailed and the balances. */
const ALLOWANCES_SLOT = 4;
/** Vending machine: 20 bytes, lot: 8. */
const STATE_SHIFT = 28n * 8n;
const BYTE = 0xffn;
const WORD = /^0x[0-9a-fA-F]{64}$/;

/** Where TBTCToken keeps how much `spender` may take of `owner`. */
export function allowanceSlot(owner: string, spender: string): string {
  const coder = AbiCoder.defaultAbiCoder();
  const ofOwner = keccak256(coder.encode(["address", "uint256"], [owner, ALLOWANCES_SLOT]));
  return keccak256(coder.encode(["address", "bytes32"], [spender, ofOwner]));
}

/** The number in a word; undefined when it is none. */
export function wordValue(word: unknown): bigint | undefined {
  return typeof word === "string" && WORD.test(word) ? BigInt(word) : undefined;
}

/** The address in a word, lower case; undefined when it is none. */
export function wordAddress(word: unknown): string | undefined {
  const value = wordValue(word);
  return value === undefined || value >> 160n !== 0n ? undefined : toBeHex(value, 20);
}

/** Numeric state in the word of `depositSlots.state`. */
export function stateOfWord(word: bigint): number {
  return Number((word >> STATE_SHIFT) & BYTE);
}

/** The same word with another state. */
export function wordWithState(word: bigint, state: number): string {
  return toBeHex((word & ~(BYTE << STATE_SHIFT)) | (BigInt(state) << STATE_SHIFT), 32);
}

function slot(index: number): string {
  return toBeHex(index, 32);
}
