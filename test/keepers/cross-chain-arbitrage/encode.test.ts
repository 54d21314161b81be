import { getAddress, Interface } from "ethers";
import { expect } from "chai";

import { arbitrageEncoder, legAction, transferAction } from "../../../keepers/cross-chain-arbitrage/encode.js";
import { bytesOf } from "../../../keepers/kit/policy/action.js";
import { AWAY, HOME, legRecord, PAIR } from "./fixtures.js";

const ACCOUNT = getAddress("0x00000000000000000000000000000000000000cc");
const POOL = "0x00000000000000000000000000000000000000aa";
const ADAPTER = getAddress("0x00000000000000000000000000000000000000dd");
const TOKEN = getAddress("0x00000000000000000000000000000000000000ee");
const DEADLINE = 1_900_000_000n;
/** Written by hand: what the contracts' interfaces say. */
const ABI = new Interface([
  "function swapBase(uint256 baseIn, uint256 minQuoteOut, address payer, address to, uint256 deadline)",
  "function swapQuote(uint256 quoteIn, uint256 minBaseOut, address payer, address to, uint256 deadline)",
  "function send((uint256 destinationChainId, address token, address recipient, uint256 amountUnits, uint256 maxFeeUnits, uint256 deadline) order)",
]);

describe("keepers/cross-chain-arbitrage/encode", () => {
  const encode = arbitrageEncoder({ pools: { [PAIR]: POOL }, adapter: ADAPTER, bridge: TOKEN, tokens: {} });

  it("sells what the leg says on the pair's pool, from and to the keeper alone", () => {
    for (const sellBase of [true, false]) {
      const { to, data } = bytesOf(encode, legAction(PAIR, legRecord(sellBase), ACCOUNT, DEADLINE));
      expect(to).to.equal(POOL);
      const { amountIn, minOut } = legRecord(sellBase);
      const name = sellBase ? "swapBase" : "swapQuote";
      expect([...ABI.decodeFunctionData(name, data)]).to.deep.equal([amountIn, minOut, ACCOUNT, ACCOUNT, DEADLINE]);
    }
  });

  it("sends inventory to the same account on the other chain, for no more than the fee that was decided", () => {
    const intent = {
      kind: "transfer",
      key: "bridge:cUSDC:138:651940:1",
      token: "cUSDC",
      from: HOME,
      to: AWAY,
      amountUnits: 5n,
      maxFeeUnits: 1n,
    } as const;
    const { to, data } = bytesOf(encode, transferAction(intent, TOKEN, ACCOUNT, DEADLINE));
    expect(to).to.equal(ADAPTER);
    const [order] = ABI.decodeFunctionData("send", data) as unknown as [unknown[]];
    expect([...order]).to.deep.equal([651940n, TOKEN, ACCOUNT, 5n, 1n, DEADLINE]);
  });

  it("has no bytes for a pool that is not traded, nor for another action", () => {
    expect(encode(legAction("XAU/cUSDT", legRecord(true), ACCOUNT, DEADLINE))).to.equal(undefined);
    expect(encode({ name: "PmmPool:cUSDT/cUSDC.sellShares", args: {} })).to.equal(undefined);
  });
});
