/** Both chains of this machine with everything deployed on them by the real scripts, and one account with the same inventory on both. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { JsonRpcProvider, MaxUint256, type HDNodeWallet } from "ethers";

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
import { DEPLOYMENTS_FOLDER, loadParams } from "../../protocol/params/load.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { deploy } from "../../scripts/deploy/deploy.js";
import { FileStore } from "../../scripts/deploy/store.js";
import { FlakyRpc } from "./flakyRpc.js";
import { attachToNode, serveChain } from "./localNode.js";

const CHAIN_IDS = { localhost: 138, localhost651940: 651940 } as const;
type Network = keyof typeof CHAIN_IDS;
/** Of the development accounts: none of them has an office. */
const [OWNER, TRADER] = [14, 12];
/** Base units that each of the two accounts has of each token, on both chains. */
export const INVENTORY = {
  cUSDT: 2_000_000_000_000n,
  cUSDC: 2_000_000_000_000n,
  XAU: 2_000n * 10n ** 18n,
} as const;

export type TwoChains = Awaited<ReturnType<typeof startTwoChains>>;
export type ChainOfTwo = TwoChains["home"];

function account(index: number): HDNodeWallet {
  const wallet = developmentAccounts()[index];
  if (wallet === undefined) throw new Error(`there is no development account ${String(index)}`);
  return wallet;
}

async function startChain(name: Network, folder: string) {
  const { url, close } = await serveChain(name === "localhost" ? "sim138" : "sim651940");
  const node = await attachToNode(url);
  const second = await FlakyRpc.start(() => url);
  const chainId = CHAIN_IDS[name];
  const provider = new JsonRpcProvider(url, chainId, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 20 });
  const [owner, trader] = [account(OWNER).connect(provider), account(TRADER).connect(provider)];
  const loaded = loadParams(name, folder);
  const grants = [owner, trader].flatMap(({ address: to }) =>
    Object.entries(INVENTORY).map(([token, amountUnits]) => ({
      ...{ token: token as keyof typeof INVENTORY, to, amountUnits },
    })),
  );
  const { record } = await deploy({
    ...{ loaded, provider, signer: account(0).connect(provider), store: new FileStore(name, folder) },
    ...{ execute: true, extraGrants: grants },
  });
  const deployment = new Deployment(name, record);
  const contracts = connectContracts(deployment, provider);
  const bridge = AlltraCustomBridge__factory.connect(deployment.address("AlltraCustomBridge"), provider);
  const adapter = AlltraAdapter__factory.connect(deployment.address("AlltraAdapter"), owner);
  const pools = Object.entries(deployment.pools());
  for (const signer of [owner, trader]) {
    for (const token of Object.keys(INVENTORY) as (keyof typeof INVENTORY)[]) {
      const contract = contracts.token(token).connect(signer);
      const spenders = pools.flatMap(([pair, pool]) => (pair.split("/").includes(token) ? [pool] : []));
      for (const spender of [...spenders, await bridge.getAddress()])
        await (await contract.approve(spender, MaxUint256)).wait();
    }
  }
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
      await node.close();
      await close();
    },
  };
}

/** Some seconds of deployments. Every transaction is mined at once. */
export async function startTwoChains() {
  const folder = mkdtempSync(join(tmpdir(), "cantilever-two-"));
  cpSync(join(DEPLOYMENTS_FOLDER, "params"), join(folder, "params"), { recursive: true });
  const home = await startChain("localhost", folder);
  const away = await startChain("localhost651940", folder);
  return {
    ...{ folder, home, away },
    async close(): Promise<void> {
      await home.close();
      await away.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
