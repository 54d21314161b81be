/**
 * Every function, return arity and event of DODO V2's DSP and DPP pools and factories that an integrator may rely on exists here with the
 * same four bytes. Left out on purpose: initialisers, `reset`, `ratioSync`, `correctRState`, the DPPAdvanced tuning (ours are delayed and
 * bounded), the registries' admin functions, and what belongs to DVM pools, clone factory and proxies. A registry per
 * user would cost each creation 44,000 gas: `NewDSP`, `NewDPP` and `PoolCreated` say who created what.
 */
import { expect } from "chai";
import { type Interface, id } from "ethers";

import {
  IDodoV2Callee__factory,
  PmmFactory__factory,
  PrivatePmmPool__factory,
  PublicPmmPool__factory,
} from "../../protocol/generated/contracts/index.js";

/** Four bytes, signature, return types. Both kinds of pool. */
const POOL_FUNCTIONS: readonly (readonly [string, string, string])[] = [
  ["bd6015b4", "sellBase(address)", "uint256"],
  ["dd93f59a", "sellQuote(address)", "uint256"],
  ["79a04876", "querySellBase(address,uint256)", "uint256,uint256,uint8,uint256"],
  ["66410a21", "querySellQuote(address,uint256)", "uint256,uint256,uint8,uint256"],
  ["d0a494e4", "flashLoan(uint256,uint256,address,bytes)", ""],
  ["a382d1b9", "getPMMState()", "tuple(uint256,uint256,uint256,uint256,uint256,uint256,uint8)"],
  ["fd1ed7e9", "getPMMStateForCall()", "uint256,uint256,uint256,uint256,uint256,uint256,uint256"],
  ["ee27c689", "getMidPrice()", "uint256"],
  ["36223ce9", "getVaultReserve()", "uint256,uint256"],
  ["65f6fcbb", "getBaseInput()", "uint256"],
  ["71f9100c", "getQuoteInput()", "uint256"],
  ["44096609", "getUserFeeRate(address)", "uint256,uint256"],
  ["4a248d2a", "_BASE_TOKEN_()", "address"],
  ["d4b97046", "_QUOTE_TOKEN_()", "address"],
  ["7d721504", "_BASE_RESERVE_()", "uint112"],
  ["bbf5ce78", "_QUOTE_RESERVE_()", "uint112"],
  ["fe24cb7f", "_BASE_PRICE_CUMULATIVE_LAST_()", "uint256"],
  ["880a4d87", "_BLOCK_TIMESTAMP_LAST_()", "uint32"],
  ["2df6cb48", "_IS_OPEN_TWAP_()", "bool"],
  ["4322ec83", "_MAINTAINER_()", "address"],
  ["f6b06e70", "_MT_FEE_RATE_MODEL_()", "address"],
  ["54fd4d50", "version()", "string"],
  ["f811d692", "_I_()", "uint256"],
  ["ec2fd46d", "_K_()", "uint256"],
  ["ab44a7a3", "_LP_FEE_RATE_()", "uint256"],
  ["e539ef49", "_BASE_TARGET_()", "uint112"],
  ["77f58657", "_QUOTE_TARGET_()", "uint112"],
  ["bf357dae", "_RState_()", "uint32"],
];

const PUBLIC_FUNCTIONS: typeof POOL_FUNCTIONS = [
  ["fff6cae9", "sync()", ""],
  ["4c85b425", "buyShares(address)", "uint256,uint256,uint256"],
  ["b56ceaa6", "sellShares(uint256,address,uint256,uint256,bytes,uint256)", "uint256,uint256"],
  ["d505accf", "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", ""],
];

const PRIVATE_FUNCTIONS: typeof POOL_FUNCTIONS = [
  ["28c4e24c", "retrieve(address,address,uint256)", ""],
  ["16048bc4", "_OWNER_()", "address"],
  ["8456db15", "_NEW_OWNER_()", "address"],
  ["f2fde38b", "transferOwnership(address)", ""],
  ["4e71e0c8", "claimOwnership()", ""],
];

const FACTORY_FUNCTIONS: typeof POOL_FUNCTIONS = [
  ["cf5c2f10", "createDODOStablePool(address,address,uint256,uint256,uint256,bool)", "address"],
  ["57a281dc", "getDODOPool(address,address)", "address[]"],
  ["794e5538", "getDODOPoolBidirection(address,address)", "address[],address[]"],
  ["bdeb0a91", "_REGISTRY_(address,address,uint256)", "address"],
];

/** First four bytes of topic 0, signature, number of indexed arguments. */
const POOL_EVENTS: readonly (readonly [string, string, number])[] = [
  ["c2c0245e", "DODOSwap(address,address,uint256,uint256,address,address)", 0],
  ["0b82e930", "DODOFlashLoan(address,address,uint256,uint256)", 0],
  ["df176ad1", "RChange(uint8)", 0],
];

const PUBLIC_EVENTS: typeof POOL_EVENTS = [
  ["1c172440", "BuyShares(address,uint256,uint256)", 0],
  ["55caccde", "SellShares(address,address,uint256,uint256)", 0],
  ["0f6798a5", "Mint(address,uint256)", 1],
  ["cc16f5db", "Burn(address,uint256)", 1],
];

const FACTORY_EVENTS: typeof POOL_EVENTS = [
  ["bc1083a2", "NewDSP(address,address,address,address)", 0],
  ["8494fe59", "NewDPP(address,address,address,address)", 0],
];

function checkFunctions(abi: Interface, table: typeof POOL_FUNCTIONS): void {
  for (const [bytes, signature, returns] of table) {
    const fragment = abi.getFunction(`0x${bytes}`);
    expect(fragment?.format("sighash"), bytes).to.equal(signature);
    expect(id(signature).slice(2, 10), signature).to.equal(bytes);
    const outputs = fragment?.outputs.map((output) => output.format("sighash")).join(",");
    expect(outputs?.replace(/^\((.*)\)$/, "tuple($1)"), signature).to.equal(returns);
  }
}

function checkEvents(abi: Interface, table: typeof POOL_EVENTS): void {
  for (const [bytes, signature, indexed] of table) {
    const fragment = abi.getEvent(signature);
    expect(fragment?.topicHash.slice(2, 10), signature).to.equal(bytes);
    expect(fragment?.inputs.filter((input) => input.indexed === true).length, signature).to.equal(indexed);
  }
}

describe("DODO V2 interface", () => {
  const publicPool: Interface = PublicPmmPool__factory.createInterface();
  const privatePool: Interface = PrivatePmmPool__factory.createInterface();
  const factory: Interface = PmmFactory__factory.createInterface();

  it("public pools answer as DSP pools", () => {
    checkFunctions(publicPool, [...POOL_FUNCTIONS, ...PUBLIC_FUNCTIONS]);
    checkEvents(publicPool, [...POOL_EVENTS, ...PUBLIC_EVENTS]);
  });

  it("private pools answer as DPP pools", () => {
    checkFunctions(privatePool, [...POOL_FUNCTIONS, ...PRIVATE_FUNCTIONS]);
    checkEvents(privatePool, POOL_EVENTS);
    expect(privatePool.getFunction("sync()"), "DPP pools have no sync").to.equal(null);
  });

  it("the factory answers as a DSP factory", () => {
    checkFunctions(factory, FACTORY_FUNCTIONS);
    checkEvents(factory, FACTORY_EVENTS);
  });

  it("borrowers are called back by DODO's names", () => {
    const callee: Interface = IDodoV2Callee__factory.createInterface();
    for (const name of ["DSPFlashLoanCall", "DPPFlashLoanCall"]) {
      expect(callee.getFunction(name)?.format("sighash")).to.equal(`${name}(address,uint256,uint256,bytes)`);
    }
    expect(callee.getFunction("DVMSellShareCall")?.format("sighash")).to.equal(
      "DVMSellShareCall(address,uint256,uint256,uint256,bytes)",
    );
  });

  it("leaves out what would change a pool at once", () => {
    for (const pool of [publicPool, privatePool]) {
      // init (DSP, DPP), reset, ratioSync, tuneParameters, tunePrice, correctRState
      for (const bytes of ["5039972a", "01a3c30b", "8ff3928c", "c57a5d03", "3b20884a", "10d76460", "73d74cf8"]) {
        expect(pool.getFunction(`0x${bytes}`), bytes).to.equal(null);
      }
    }
  });
});
