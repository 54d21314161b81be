/** `Transfer(address indexed from, address indexed to, uint256 units)` of ERC-20 tokens. An NFT's has a fourth topic and is left out. */
import { id } from "ethers";

import { bytesOf, type LogHandler } from "../handler.js";

const TRANSFER = id("Transfer(address,address,uint256)");
const WORD_HEX = 64;

/** @param tokens addresses of the tokens, in any case. */
export function transferHandler(tokens: readonly string[]): LogHandler {
  return {
    table: "chain_transfer",
    columns: [
      { name: "sender", type: "bytea" },
      { name: "recipient", type: "bytea" },
      { name: "units", type: "numeric" },
    ],
    addresses: tokens.map((token) => token.toLowerCase()),
    topic0: TRANSFER,
    decode: ({ topics, data }) => {
      const [, sender, recipient] = topics;
      if (topics.length !== 3 || sender === undefined || recipient === undefined) return undefined;
      if (data.length !== 2 + WORD_HEX) return undefined;
      return [addressIn(sender), addressIn(recipient), BigInt(data)];
    },
  };
}

/** The last 20 bytes of a word. */
function addressIn(word: string): Buffer {
  return bytesOf(word).subarray(12);
}
