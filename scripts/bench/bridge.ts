/**
 * Gas of whole bridge transactions (21,000 and calldata included) on two simulated chains, deployed as the local networks are, but for the
 * number of signatures: coordinator, buckets, peg board and fees are those of the parameters. cUSDT is locked on 138 and minted on 651940,
 * and goes there and back, through the adapter and by the bridge's own entry. Exact allowance given before, balances non-zero, and every
 * cell of the coordinator's minute has been used before.
 */
import { network } from "hardhat";
import { ZeroAddress, type ContractTransactionReceipt, type Result, type Signer } from "ethers";

import type { Deployment } from "../../protocol/addresses.js";
import { attestationDomain, attestationTypes } from "../../protocol/bridgeMessage.js";
import { connectContracts, type ProtocolContracts } from "../../protocol/contracts.js";
import { PermanentError } from "../../protocol/errors.js";
import type { IM1Token } from "../../protocol/generated/contracts/index.js";
import { LOCAL_CHAINS, loadParams, parseParams, type LocalChain } from "../../protocol/params/load.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import type { Blueprint } from "../deploy/blueprint.js";
import { deploy } from "../deploy/deploy.js";
import { MemoryStore } from "../deploy/store.js";
import { endAll } from "../world/endAll.js";

const [HOME, ABROAD] = LOCAL_CHAINS;
const UNIT = 10n ** 6n;
const AMOUNT = 1_000n * UNIT;
const FUNDS = 1_000_000n * UNIT;
const DEADLINE = 2n ** 40n;
const LIFETIME_SECONDS = 172_800n;
const SIGNATURES = 3;
/** Of the accounts of a simulated chain; part of the calldata that is measured. */
const TRADER = 19;
const WINDOW_SECONDS = 60;

/** Figures in gas; keys as in the command's JSON. */
export async function measureBridgeGas(): Promise<Record<string, number>> {
  const opened: End[] = [];
  const open = async (which: LocalChain): Promise<End> => {
    const end = await End.open(which);
    opened.push(end);
    return end;
  };
  try {
    const home = await open(HOME);
    const abroad = await open(ABROAD);
    // Once there and back, so that no slot is written for the first time but those of the message itself.
    await cross(home, abroad);
    await cross(abroad, home);
    const [bridgeSend, bridgeDeliver] = await cross(home, abroad);
    const [bridgeSendBack, bridgeDeliverBack] = await cross(abroad, home);
    const [bridgeSendDirect] = await cross(home, abroad, true);
    const [bridgeSendBackDirect] = await cross(abroad, home, true);
    // What the coordinator costs is the difference.
    await home.forgetCoordinator();
    await abroad.forgetCoordinator();
    const [bridgeSendUngated, bridgeDeliverUngated] = await cross(home, abroad);
    const [bridgeSendBackUngated, bridgeDeliverBackUngated] = await cross(abroad, home);
    return {
      ...{ bridgeSend, bridgeDeliver, bridgeSendBack, bridgeDeliverBack },
      ...{ bridgeSendDirect, bridgeSendBackDirect },
      ...{ bridgeSendUngated, bridgeDeliverUngated, bridgeSendBackUngated, bridgeDeliverBackUngated },
    };
  } finally {
    await endAll(opened.map((end) => () => end.close()));
  }
}

/** One message from one end to the other. @returns gas of send and of deliver. */
async function cross(from: End, to: End, direct = false): Promise<[number, number]> {
  const sent = await (direct ? from.sendDirect() : from.send());
  const { interface: abi } = from.contracts.bridge;
  const event = sent.logs.map((log) => abi.parseLog(log)).find((parsed) => parsed?.name === "Sent");
  if (event === undefined || event === null) throw missing("message");
  const [messageId, , , fields] = event.args as unknown as [string, string, string, Result];
  // A copy: what a log was decoded to is read only.
  const delivered = await to.deliver(messageId, fields.toObject() as Parameters<End["deliver"]>[1]);
  return [Number(sent.gasUsed), Number(delivered.gasUsed)];
}

type Chain = Awaited<ReturnType<typeof network.create>>;

class End {
  private constructor(
    private readonly chain: Chain,
    private readonly chainId: number,
    private readonly trader: Signer,
    readonly contracts: ProtocolContracts,
    private readonly token: IM1Token,
    private readonly blueprint: Blueprint,
  ) {}

  static async open({ simulated, network: parameters }: LocalChain): Promise<End> {
    const chain = await network.create(simulated);
    try {
      const signers = await chain.ethers.getSigners();
      const [owner, trader] = [signers[0], signers[TRADER]];
      if (owner === undefined || trader === undefined) throw missing("accounts");
      const params = structuredClone(loadParams(parameters).params);
      params.bridge.attestors.first.threshold = SIGNATURES;
      const isHome = params.chainId === HOME.chainId;
      const { deployment, blueprint } = await deploy({
        loaded: parseParams(parameters, JSON.stringify(params)),
        provider: chain.ethers.provider,
        signer: owner,
        store: new MemoryStore(),
        execute: true,
        extraGrants: isHome ? [{ token: "cUSDT", to: await trader.getAddress(), amountUnits: FUNDS }] : [],
      });
      const contracts = connectContracts(deployment, trader);
      const end = new End(chain, params.chainId, trader, contracts, contracts.token("cUSDT"), blueprint);
      await end.useEveryCell(deployment);
      await (await (await end.governed()).setAdapter(trader, true)).wait();
      return end;
    } catch (error) {
      await chain.close();
      throw error;
    }
  }

  /** From here on nobody is told what moves. */
  async forgetCoordinator(): Promise<void> {
    await (await (await this.governed()).setCoordinator(ZeroAddress)).wait();
  }

  close(): Promise<void> {
    return this.chain.close();
  }

  async send(): Promise<ContractTransactionReceipt> {
    const { bridge, bridgeAdapter } = this.contracts;
    const order = {
      destinationChainId: this.chainId === HOME.chainId ? ABROAD.chainId : HOME.chainId,
      token: this.token,
      recipient: this.trader,
      amountUnits: this.amountUnits,
      maxFeeUnits: UNIT,
      deadline: DEADLINE,
    };
    const { feeUnits } = await bridgeAdapter.quote(order.destinationChainId, this.token, order.amountUnits);
    await (await this.token.approve(bridge, order.amountUnits + feeUnits)).wait();
    await this.pass();
    return receiptOf(await bridgeAdapter.send(order));
  }

  /** What another adapter would cost at least: the bridge's own entry, with the same fee. */
  async sendDirect(): Promise<ContractTransactionReceipt> {
    const { bridge, bridgeAdapter } = this.contracts;
    const amountUnits = this.amountUnits;
    const { feeUnits } = await bridgeAdapter.quote(
      this.chainId === HOME.chainId ? ABROAD.chainId : HOME.chainId,
      this.token,
      amountUnits,
    );
    await (await this.token.approve(bridge, amountUnits + feeUnits)).wait();
    const now = (await this.chain.ethers.provider.getBlock("latest"))?.timestamp ?? 0;
    await this.pass();
    return receiptOf(
      await bridge.send({
        token: this.token,
        from: this.trader,
        recipient: this.trader,
        amountUnits,
        feeUnits,
        feeTo: this.blueprint.roles.treasury,
        expiresAt: BigInt(now) + LIFETIME_SECONDS,
      }),
    );
  }

  async deliver(
    messageId: string,
    message: Parameters<ProtocolContracts["bridge"]["deliver"]>[0],
  ): Promise<ContractTransactionReceipt> {
    const { bridge } = this.contracts;
    const domain = attestationDomain({ chainId: BigInt(this.chainId), bridge: await bridge.getAddress() });
    const types = attestationTypes("deliver");
    const value = { messageId, signerEpoch: await bridge.attestorEpoch() };
    const attestors = await bridge.attestors();
    const signatures = await Promise.all(
      attestors.slice(0, SIGNATURES).map((address) => keyOf(address).signTypedData(domain, types, value)),
    );
    await this.pass();
    const receipt = await receiptOf(await bridge.deliver(message, signatures));
    if (!receipt.logs.some((log) => bridge.interface.parseLog(log)?.name === "Delivered")) {
      throw new PermanentError("BENCH_INCOMPLETE", "the message was not paid", "look at limits and books");
    }
    return receipt;
  }

  /** Half of what the trader has abroad comes back, so that neither his balance nor what was minted becomes zero. */
  private get amountUnits(): bigint {
    return this.chainId === HOME.chainId ? AMOUNT : AMOUNT / 2n;
  }

  /** A minute in which a message arrives every second: no later one writes a cell for the first time. */
  private async useEveryCell(deployment: Deployment): Promise<void> {
    const bridge = await this.impersonated(deployment.address("AlltraCustomBridge"));
    const coordinator = this.contracts.bridgeCoordinator.connect(bridge);
    for (let second = 0; second < WINDOW_SECONDS; second++) {
      await (await coordinator.recordDelivery(this.token, UNIT, 1)).wait();
    }
    await this.pass();
  }

  /** So long that nothing before is in the coordinator's minute. */
  private pass(): Promise<unknown> {
    return this.chain.ethers.provider.send("evm_increaseTime", [2 * WINDOW_SECONDS]);
  }

  private async governed() {
    return this.contracts.bridge.connect(await this.impersonated(this.blueprint.timelock.address));
  }

  private async impersonated(address: string): Promise<Signer> {
    await this.chain.ethers.provider.send("hardhat_setBalance", [address, "0xde0b6b3a7640000"]);
    await this.chain.ethers.provider.send("hardhat_impersonateAccount", [address]);
    return this.chain.ethers.getSigner(address);
  }
}

function keyOf(address: string) {
  const found = developmentAccounts().find((account) => account.address === address);
  if (found === undefined) throw missing(`key of ${address}`);
  return found;
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
