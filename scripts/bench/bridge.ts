/**
 * Gas of whole bridge transactions (21,000 and calldata included) on two simulated chains: an M1 token that is locked on 138 and minted on
 * 651940, sent through the adapter, delivered with three signatures, there and back. Allowance given before, balances non-zero, fee taken.
 */
import { network } from "hardhat";
import { Wallet, type ContractTransactionReceipt, type Result, type Signer } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import {
  AlltraAdapter__factory,
  AlltraCustomBridge__factory,
  M1TokenFactory__factory,
  M1Token__factory,
  type AlltraAdapter,
  type AlltraCustomBridge,
  type M1Token,
} from "../../protocol/generated/contracts/index.js";

const HOME = 138;
const ABROAD = 651_940;
const UNIT = 10n ** 6n;
const AMOUNT = 1_000n * UNIT;
const FUNDS = 1_000_000n * UNIT;
const CAPACITY = 10n * FUNDS;
const DEADLINE = 2n ** 40n;
const LOCK = 1;
const MINT = 2;
/** Keys of a chain that no longer exists when this returns. */
const ATTESTORS = [1, 2, 3]
  .map((n) => new Wallet(`0x${String(n).padStart(64, "0")}`))
  .sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
const TREASURY = "0x00000000000000000000000000000000000Fee01";
const TERMS = { treasury: TREASURY, minimumUnits: UNIT / 10n, feeBps: 1, lifetimeSeconds: 172_800 };
const DELIVERY = {
  Delivery: [
    { name: "messageId", type: "bytes32" },
    { name: "signerEpoch", type: "uint256" },
  ],
};

/** Figures in gas; keys as in the command's JSON. */
export async function measureBridgeGas(): Promise<Record<string, number>> {
  const chains = [await network.create("sim138"), await network.create("sim651940")] as const;
  try {
    const home = await End.open(await signers(chains[0]), HOME);
    const abroad = await End.open(await signers(chains[1]), ABROAD);
    // Once there and back, so that no slot is written for the first time but those of the message itself.
    await cross(home, abroad);
    await cross(abroad, home);
    const [bridgeSend, bridgeDeliver] = await cross(home, abroad);
    const [bridgeSendBack, bridgeDeliverBack] = await cross(abroad, home);
    return { bridgeSend, bridgeDeliver, bridgeSendBack, bridgeDeliverBack };
  } finally {
    for (const chain of chains) await chain.close();
  }
}

/** One message from one end to the other. @returns gas of send and of deliver. */
async function cross(from: End, to: End): Promise<[number, number]> {
  const sent = await from.send();
  const event = sent.logs.map((log) => from.bridge.interface.parseLog(log)).find((parsed) => parsed?.name === "Sent");
  if (event === undefined || event === null) throw missing("message");
  const [messageId, , , fields] = event.args as unknown as [string, string, string, Result];
  // A copy: what a log was decoded to is read only.
  const delivered = await to.deliver(messageId, fields.toObject() as Parameters<End["deliver"]>[1]);
  return [Number(sent.gasUsed), Number(delivered.gasUsed)];
}

class End {
  private constructor(
    private readonly chainId: number,
    private readonly trader: Signer,
    private readonly token: M1Token,
    readonly bridge: AlltraCustomBridge,
    private readonly adapter: AlltraAdapter,
  ) {}

  /** The same transactions of the same account on both chains: the same addresses. */
  static async open([owner, trader]: readonly [Signer, Signer], chainId: number): Promise<End> {
    const who = await owner.getAddress();
    const bridge = await new AlltraCustomBridge__factory(owner).deploy({
      chainIdA: HOME,
      chainIdB: ABROAD,
      remoteBridge: "0x0000000000000000000000000000000000000000",
      attestors: ATTESTORS.map((attestor) => attestor.address),
      threshold: 3,
      owner: who,
      guardian: who,
    });
    const adapter = await new AlltraAdapter__factory(owner).deploy({
      bridge,
      owner: who,
      maxFeeBps: 10,
      maxMinimumFeeWad: 10n ** 18n,
    });
    const factory = await new M1TokenFactory__factory(owner).deploy();
    const common = { name: "cUSDT", symbol: "cUSDT", decimals: 6, admin: who };
    const limit = {
      mintCapacity: CAPACITY,
      mintRefillPerSecond: UNIT,
      burnCapacity: CAPACITY,
      burnRefillPerSecond: UNIT,
    };
    const minter = { minter: chainId === HOME ? who : await bridge.getAddress(), ...limit };
    const setup = {
      minters: [minter],
      pausers: [],
      freezers: [],
      systemContracts: [await bridge.getAddress(), TREASURY],
    };
    const address = await factory.createToken.staticCall(common, setup);
    await (await factory.createToken(common, setup)).wait();
    const token = M1Token__factory.connect(address, owner);
    if (chainId === HOME) await (await token.mint(trader, FUNDS)).wait();
    const limits = {
      outCapacity: CAPACITY,
      outRefillPerSecond: UNIT,
      inCapacity: CAPACITY,
      inRefillPerSecond: UNIT,
      minUnits: UNIT,
    };
    await (await bridge.addLane(token, chainId === HOME ? LOCK : MINT, limits)).wait();
    await (await bridge.setAdapter(adapter, true)).wait();
    await (await adapter.setTerms(token, TERMS)).wait();
    return new End(chainId, trader, token.connect(trader), bridge.connect(trader), adapter.connect(trader));
  }

  /** Half of what the trader has abroad comes back, so that neither his balance nor what was minted becomes zero. */
  async send(): Promise<ContractTransactionReceipt> {
    const amountUnits = this.chainId === HOME ? AMOUNT : AMOUNT / 2n;
    const order = {
      destinationChainId: this.chainId === HOME ? ABROAD : HOME,
      token: this.token,
      recipient: this.trader,
      amountUnits,
      maxFeeUnits: UNIT,
      deadline: DEADLINE,
    };
    const { feeUnits } = await this.adapter.quote(order.destinationChainId, this.token, amountUnits);
    await (await this.token.approve(this.bridge, amountUnits + feeUnits)).wait();
    return receiptOf(await this.adapter.send(order));
  }

  async deliver(
    messageId: string,
    message: Parameters<AlltraCustomBridge["deliver"]>[0],
  ): Promise<ContractTransactionReceipt> {
    const domain = {
      name: "Cantilever AlltraCustomBridge",
      version: "1",
      chainId: this.chainId,
      verifyingContract: await this.bridge.getAddress(),
    };
    const value = { messageId, signerEpoch: await this.bridge.attestorEpoch() };
    const signatures = await Promise.all(ATTESTORS.map((attestor) => attestor.signTypedData(domain, DELIVERY, value)));
    const receipt = await receiptOf(await this.bridge.deliver(message, signatures));
    if (!receipt.logs.some((log) => this.bridge.interface.parseLog(log)?.name === "Delivered")) {
      throw new PermanentError("BENCH_INCOMPLETE", "the message was not paid", "look at limits and books");
    }
    return receipt;
  }
}

async function signers(chain: Awaited<ReturnType<typeof network.create>>): Promise<readonly [Signer, Signer]> {
  const [owner, trader] = await chain.ethers.getSigners();
  if (owner === undefined || trader === undefined) throw missing("accounts");
  return [owner, trader];
}

async function receiptOf(sent: {
  wait(): Promise<ContractTransactionReceipt | null>;
}): Promise<ContractTransactionReceipt> {
  const receipt = await sent.wait();
  if (receipt === null) throw missing("receipt");
  return receipt;
}

function missing(what: string): PermanentError {
  return new PermanentError("BENCH_SETUP", `the simulated chains gave no ${what}`);
}
