/** Both chains of this machine with everything deployed on them by the real scripts, and one account with the same inventory on both. */
import { rmSync } from "node:fs";

import { MaxUint256 } from "ethers";

import { Deployment } from "../../protocol/addresses.js";
import {
  attestationDigest,
  readBridgeLog,
  type AttestationKind,
  type BridgeMessage,
  type BridgePlace,
} from "../../protocol/bridgeMessage.js";
import { connectContracts } from "../../protocol/contracts.js";
import { AlltraAdapter__factory, AlltraCustomBridge__factory } from "../../protocol/generated/contracts/index.js";
import { loadParams } from "../../protocol/params/load.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { FileStore } from "../../scripts/deploy/store.js";
import {
  account,
  CHAIN_IDS,
  connectTo,
  copyOfParameters,
  deployedBase,
  INVENTORY,
  ownerAndTrader,
  type LocalNetwork,
} from "./deployedBase.js";
import { FlakyRpc } from "./flakyRpc.js";
import { attachToNode } from "./localNode.js";

export { INVENTORY };

export type TwoChains = Awaited<ReturnType<typeof startTwoChains>>;
export type ChainOfTwo = TwoChains["home"];

async function startChain(name: LocalNetwork, folder: string) {
  const { url, record } = await deployedBase(name);
  const node = await attachToNode(url);
  await node.ask("evm_setAutomine", true);
  const pristine = await node.ask("evm_snapshot");
  const second = await FlakyRpc.start(() => url);
  const chainId = CHAIN_IDS[name];
  const provider = connectTo(url, name);
  const { owner, trader } = ownerAndTrader(provider);
  const loaded = loadParams(name, folder);
  new FileStore(name, folder).write(record);
  const deployment = new Deployment(name, record);
  const contracts = connectContracts(deployment, provider);
  const bridge = AlltraCustomBridge__factory.connect(deployment.address("AlltraCustomBridge"), provider);
  const adapter = AlltraAdapter__factory.connect(deployment.address("AlltraAdapter"), owner);
  const place: BridgePlace = { chainId: BigInt(chainId), bridge: await bridge.getAddress() };
  const attested = async (kind: AttestationKind, messageId: string): Promise<string[]> => {
    const digest = attestationDigest(place, kind, messageId, await bridge.attestorEpoch());
    const { addresses } = loaded.params.bridge.attestors.first;
    return developmentAccounts()
      .filter((wallet) => addresses.includes(wallet.address))
      .sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
      .map((wallet) => wallet.signingKey.sign(digest).serialized);
  };
  return {
    ...node,
    ...{ name, chainId, key: String(chainId), provider, owner, trader, deployment, contracts, bridge, adapter, place },
    params: loaded.params,
    /** A second node, as far as anybody can see: the same chain behind a proxy that misbehaves by itself. */
    second,
    /** Both, for quorums. */
    urls: `${node.proxy.url},${second.url}`,
    guardian: account(2).connect(provider),
    snapshot: () => node.ask("evm_snapshot"),
    revert: (snapshot: unknown) => node.ask("evm_revert", snapshot),
    /** Pays for a message out of nothing but signatures of attestors. */
    async deliver(messageId: string, message: BridgeMessage): Promise<void> {
      await (await bridge.connect(trader).deliver(message, await attested("deliver", messageId))).wait();
    },
    /** The same for one that is cancelled on its destination: here, where it came from. */
    async refund(messageId: string, message: BridgeMessage): Promise<void> {
      await (await bridge.connect(trader).refund(message, await attested("refund", messageId))).wait();
    },
    /** Sends through the adapter, mined at once. */
    async send(destinationChainId: number, token: keyof typeof INVENTORY, amountUnits: bigint) {
      const order = { destinationChainId, token: deployment.token(token), recipient: owner.address, amountUnits };
      const terms = { maxFeeUnits: amountUnits, deadline: MaxUint256 };
      const receipt = await (await adapter.send({ ...order, ...terms })).wait();
      const sent = receipt?.logs.map((log) => readBridgeLog(log)).find((log) => log?.kind === "sent");
      if (receipt === null || sent?.message === undefined) throw new Error("nothing was sent");
      return {
        ...{ messageId: sent.messageId, message: sent.message },
        hash: receipt.hash,
        block: receipt.blockNumber,
      };
    },
    async close(): Promise<void> {
      provider.destroy();
      await second.stop();
      await node.ask("evm_setIntervalMining", 0);
      await node.ask("evm_revert", pristine);
      await node.close();
    },
  };
}

/**
 * Both as they were after their deployments; every transaction is mined at once. Test files take turns: close it in an `after` hook, which
 * undoes all that was done.
 */
export async function startTwoChains() {
  const folder = copyOfParameters();
  const [home, away] = await Promise.all([startChain("localhost", folder), startChain("localhost651940", folder)]);
  return {
    ...{ folder, home, away },
    async close(): Promise<void> {
      await home.close();
      await away.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
