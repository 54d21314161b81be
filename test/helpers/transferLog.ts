import { id, toBeHex, zeroPadValue } from "ethers";

/** An ERC-20 Transfer as a receipt shows it. */
export function transferLog(flow: {
  readonly token: string;
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
}): { address: string; topics: string[]; data: string } {
  const topics = [id("Transfer(address,address,uint256)"), zeroPadValue(flow.from, 32), zeroPadValue(flow.to, 32)];
  return { address: flow.token, topics, data: toBeHex(flow.amount, 32) };
}
