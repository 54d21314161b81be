/**
 * What a mined transaction did to whom, as double entry: every line has its counterpart, so that per asset they add up to zero. Amounts
 * in base units. Realised only: what is not in the receipt did not happen.
 */
import type { PostingRow } from "../../../db/queries/pnl/insert.js";
import type { ReceiptLog } from "../submitter.js";

/** The chain's coin among the assets; tokens go by address, in lower case. */
export const NATIVE_ASSET = "native";
/** keccak256("Transfer(address,address,uint256)") */
const TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

export interface MinedTransaction {
  readonly signer: string;
  readonly to: string;
  /** What was sent along; moved only when the transaction did not revert. */
  readonly valueWei: bigint;
  readonly ok: boolean;
  readonly gasUsed: number;
  readonly gasPriceWei: bigint;
  readonly logs: readonly ReceiptLog[];
}

/** Addresses with a name in the books: `own:inventory` for what belongs to the keeper's system, `out:rewards` for a known payer. */
export type AccountNames = ReadonlyMap<string, `${"own" | "out"}:${string}`>;

/** Names by address in any spelling. */
export function accountNames(named: Readonly<Record<string, `${"own" | "out"}:${string}`>>): AccountNames {
  return new Map(Object.entries(named).map(([address, name]) => [address.toLowerCase(), name]));
}

/** Lines for everything that touches a named account or the signer; transfers between strangers are not the keeper's business. */
export function postingsOf(mined: MinedTransaction, names: AccountNames): PostingRow[] {
  const signer = mined.signer.toLowerCase();
  const nameOf = (address: string) => names.get(address) ?? (address === signer ? "own:wallet" : undefined);
  const lines: PostingRow[] = [];
  const move = (from: string, to: string, asset: string, amount: bigint, logIndex: number | null): void => {
    const [giver, taker] = [nameOf(from), nameOf(to)];
    if (amount === 0n || (giver === undefined && taker === undefined)) return;
    lines.push({ account: giver ?? `out:${from}`, asset, amount: -amount, logIndex });
    lines.push({ account: taker ?? `out:${to}`, asset, amount, logIndex });
  };
  const gasWei = BigInt(mined.gasUsed) * mined.gasPriceWei;
  if (gasWei > 0n) {
    lines.push({ account: "own:wallet", asset: NATIVE_ASSET, amount: -gasWei, logIndex: null });
    lines.push({ account: "cost:gas", asset: NATIVE_ASSET, amount: gasWei, logIndex: null });
  }
  if (mined.ok) move(signer, mined.to.toLowerCase(), NATIVE_ASSET, mined.valueWei, null);
  for (const [index, log] of mined.logs.entries()) {
    const transfer = transferOf(log);
    if (transfer !== undefined) move(transfer.from, transfer.to, log.address.toLowerCase(), transfer.amount, index);
  }
  return lines;
}

/** How the keeper's own accounts changed, per asset. */
export function ownChange(lines: readonly PostingRow[]): Map<string, bigint> {
  const change = new Map<string, bigint>();
  for (const { account, asset, amount } of lines) {
    if (account.startsWith("own:")) change.set(asset, (change.get(asset) ?? 0n) + amount);
  }
  return change;
}

/** A fungible token's Transfer; an NFT's has four topics, its token is no amount. */
function transferOf({ topics, data }: ReceiptLog): { from: string; to: string; amount: bigint } | undefined {
  const [event, from, to, tokenId] = topics;
  if (event !== TRANSFER || from === undefined || to === undefined || tokenId !== undefined) return undefined;
  if (!/^0x[0-9a-f]{64}$/i.test(data)) return undefined;
  return { from: addressOf(from), to: addressOf(to), amount: BigInt(data) };
}

function addressOf(topic: string): string {
  return `0x${topic.slice(-40).toLowerCase()}`;
}
