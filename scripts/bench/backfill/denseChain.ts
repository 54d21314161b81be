/** A chain full of transfers as a node would tell it: everything is made before the clock starts, so that the node costs little. */
import { id, keccak256, toBeHex } from "ethers";

import { bloomOf } from "../../../protocol/bloom.js";

export const TOKEN = `0x${"70".repeat(20)}`;
/** Of these logs `eth_getLogs` leaves out every hundredth, receipts none. */
export const HIDDEN_OF = 100;

const TRANSFER = id("Transfer(address,address,uint256)");
const HOLDERS = Array.from({ length: 50 }, (_, index) => toBeHex(BigInt(keccak256(toBeHex(index))) % 2n ** 160n, 32));

interface Log {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly logIndex: string;
  readonly transactionHash: string;
}

export interface DenseBlock {
  readonly header: Readonly<Record<string, unknown>>;
  readonly hash: string;
  readonly logs: readonly Log[];
  /** Those that the node admits. */
  readonly shown: readonly Log[];
}

/** Blocks 0 to `count` − 1 with so many transfers each. */
export function denseChain(count: number, transfersPerBlock: number): DenseBlock[] {
  const made: DenseBlock[] = [];
  let parentHash = keccak256("0x");
  for (let number = 0; number < count; number += 1) {
    const hash = keccak256(toBeHex(number + 1, 32));
    const logs = Array.from({ length: transfersPerBlock }, (_, index): Log => {
      const sequence = number * transfersPerBlock + index;
      const parties = [HOLDERS[sequence % 50] ?? "", HOLDERS[(sequence * 7 + 3) % 50] ?? ""];
      return {
        ...{ address: TOKEN, topics: [TRANSFER, ...parties], data: toBeHex(10n ** 18n + BigInt(sequence), 32) },
        ...{
          blockNumber: toHex(number),
          blockHash: hash,
          logIndex: toHex(index),
          transactionHash: toBeHex(sequence + 1, 32),
        },
      };
    });
    const logsBloom = bloomOf(new Set(logs.flatMap(({ address, topics }) => [address, ...topics])));
    const header = {
      ...{ number: toHex(number), hash, parentHash, logsBloom, timestamp: toHex(1_700_000_000 + number * 2) },
      transactions: logs.map(({ transactionHash }) => transactionHash),
    };
    const shown = logs.filter((_, index) => (number * transfersPerBlock + index) % HIDDEN_OF !== 0);
    made.push({ header, hash, logs, shown });
    parentHash = hash;
  }
  return made;
}

function toHex(value: number): string {
  return `0x${value.toString(16)}`;
}
