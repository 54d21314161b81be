/** Two chains with one bridge between them: a token that is locked on 138 and minted on 651940, records for keepers, and a sender. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { getCreateAddress, JsonRpcProvider, MaxUint256, type HDNodeWallet } from "ethers";

import type { DeploymentRecord } from "../../protocol/addresses.js";
import {
  attestationDomain,
  attestationTypes,
  messageState,
  readBridgeLog,
  type AttestationKind,
  type BridgePlace,
  type BridgeWay,
  type MessageState,
} from "../../protocol/bridgeMessage.js";
import { AlltraCustomBridge__factory, M1Token__factory } from "../../protocol/generated/contracts/index.js";
import { DEPLOYMENTS_FOLDER, loadParams } from "../../protocol/params/load.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { FileStore } from "../../scripts/deploy/store.js";
import { FlakyRpc } from "./flakyRpc.js";
import { attachToNode, serveChain } from "./localNode.js";

export const HOME = "localhost";
export const ABROAD = "localhost651940";
const CHAIN_IDS = { [HOME]: 138, [ABROAD]: 651940 } as const;
const LOCK = 1;
const MINT = 2;
const UNITS = 10n ** 24n;
/** Of the development accounts; those of attestors hold no coins. */
const [OWNER, GUARDIAN, USER, FIRST_ATTESTOR, FIRST_PAYER] = [0, 2, 10, 20, 13];
export const THRESHOLD = 2;
export const ATTESTORS = 3;

export type BridgeChains = Awaited<ReturnType<typeof startBridgeChains>>;
export type BridgeChain = BridgeChains["home"];

export function account(index: number): HDNodeWallet {
  const wallet = developmentAccounts()[index];
  if (wallet === undefined) throw new Error(`there is no development account ${String(index)}`);
  return wallet;
}

/** What as many attestors as it takes say of a message, in the order of their addresses. */
export async function attested(place: BridgePlace, kind: AttestationKind, messageId: string, epoch = 1n) {
  const value = { messageId, signerEpoch: epoch };
  return Promise.all(
    attestorWallets
      .slice(0, THRESHOLD)
      .map((wallet) => wallet.signTypedData(attestationDomain(place), attestationTypes(kind), value)),
  );
}

/** Keys of attestors, ascending by address as the bridge wants them. */
export const attestorWallets = Array.from({ length: ATTESTORS }, (_, index) => account(FIRST_ATTESTOR + index)).sort(
  (a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1),
);
export const payerWallets = Array.from({ length: ATTESTORS }, (_, index) => account(FIRST_PAYER + index));

async function startChain(name: keyof typeof CHAIN_IDS, folder: string, confirmations: number) {
  const { url, close } = await serveChain(name === HOME ? "sim138" : "sim651940");
  const node = await attachToNode(url);
  const second = await FlakyRpc.start(() => url);
  const provider = new JsonRpcProvider(url, CHAIN_IDS[name], {
    staticNetwork: true,
    cacheTimeout: -1,
    pollingInterval: 20,
  });
  const owner = account(OWNER).connect(provider);
  const user = account(USER).connect(provider);
  const token = await new M1Token__factory(owner).deploy("Test Dollar", "TUSD", 6, owner.address);
  await token.waitForDeployment();
  const bridge = await new AlltraCustomBridge__factory(owner).deploy({
    ...{ chainIdA: 138, chainIdB: 651940, remoteBridge: "0x0000000000000000000000000000000000000000" },
    ...{ attestors: attestorWallets.map(({ address }) => address), threshold: THRESHOLD },
    ...{ owner: owner.address, guardian: account(GUARDIAN).address },
  });
  const deployed = await bridge.deploymentTransaction()?.wait();
  const tokenAt = getCreateAddress({ from: owner.address, nonce: 0 });
  const bridgeAt = await bridge.getAddress();
  const minters = [owner.address, bridgeAt];
  const limits = { mintCapacity: UNITS, mintRefillPerSecond: UNITS, burnCapacity: UNITS, burnRefillPerSecond: UNITS };
  for (const minter of minters) {
    await (await token.setMinterLimit({ minter, ...limits })).wait();
    await (await token.grantRole(await token.MINTER_ROLE(), minter)).wait();
  }
  const lane = {
    outCapacity: UNITS,
    outRefillPerSecond: UNITS,
    inCapacity: UNITS,
    inRefillPerSecond: UNITS,
    minUnits: 1n,
  };
  await (await bridge.addLane(tokenAt, name === HOME ? LOCK : MINT, lane)).wait();
  await (await bridge.setTiers(tokenAt, [{ fromUnits: 0n, confirmations }])).wait();
  await (await bridge.setAdapter(user.address, true)).wait();
  if (name === HOME) await (await token.mint(user.address, UNITS / 2n)).wait();
  await (await token.connect(user).approve(bridgeAt, MaxUint256)).wait();
  const { sha256 } = loadParams(name, folder);
  const entry = (address: string, block: number) => ({
    ...{ address, deployTx: null, block, constructorArgs: [], runtimeCodeHash: `0x${"00".repeat(32)}` },
  });
  const record: DeploymentRecord = {
    chainId: CHAIN_IDS[name],
    contracts: { AlltraCustomBridge: entry(bridgeAt, deployed?.blockNumber ?? 0), cUSDT: entry(tokenAt, 0) },
    params: `params/${name}.json#${sha256}`,
  };
  new FileStore(name, folder).write(record);
  const place: BridgePlace = { chainId: BigInt(CHAIN_IDS[name]), bridge: bridgeAt };
  return {
    ...node,
    name,
    provider,
    owner,
    user,
    guardian: account(GUARDIAN).connect(provider),
    token: token.connect(user),
    tokenAt,
    bridge,
    place,
    startBlock: deployed?.blockNumber ?? 0,
    /** A second node, as far as anybody can see: the same chain behind a proxy that misbehaves by itself. */
    second,
    /** Both, for quorums. */
    urls: `${node.proxy.url},${second.url}`,
    snapshot: () => node.ask("evm_snapshot"),
    revert: (snapshot: unknown) => node.ask("evm_revert", snapshot),
    seconds: async (): Promise<number> => (await provider.getBlock("latest"))?.timestamp ?? 0,
    /** Depths of what arrives here, in blocks of the other chain. */
    setTiers: async (tiers: readonly (readonly [fromUnits: bigint, confirmations: number])[]): Promise<void> => {
      const listed = tiers.map(([fromUnits, confirmations]) => ({ fromUnits, confirmations }));
      await (await bridge.setTiers(tokenAt, listed)).wait();
    },
    /** The same amount again and again, in one block. @returns the ids. */
    async sendTogether(count: number, amountUnits: bigint): Promise<readonly string[]> {
      const { address } = user;
      const expiresAt = ((await provider.getBlock("latest"))?.timestamp ?? 0) + 86_400;
      const order = { token: tokenAt, from: address, recipient: address, amountUnits, feeUnits: 0n, feeTo: address };
      await node.ask("evm_setAutomine", false);
      try {
        const nonce = await provider.getTransactionCount(address);
        const sent = [];
        for (let index = 0; index < count; index += 1) {
          const overrides = { nonce: nonce + index, gasLimit: 160_000 };
          sent.push(await bridge.connect(user).send({ ...order, expiresAt }, overrides));
        }
        await node.mine(1);
        const receipts = await Promise.all(sent.map((transaction) => transaction.wait()));
        if (new Set(receipts.map((receipt) => receipt?.blockNumber)).size !== 1) throw new Error("not in one block");
        return receipts.flatMap((receipt) =>
          (receipt?.logs ?? []).flatMap((log) => {
            const read = readBridgeLog(log);
            return read?.kind === "sent" ? [read.messageId] : [];
          }),
        );
      } finally {
        await node.ask("evm_setAutomine", true);
      }
    },
    /** Sends tokens over the bridge, mined at once. */
    async send(amountUnits: bigint, more: { readonly lifetimeSeconds?: number; readonly recipient?: string } = {}) {
      const expiresAt = ((await provider.getBlock("latest"))?.timestamp ?? 0) + (more.lifetimeSeconds ?? 86_400);
      const { address } = user;
      const recipient = more.recipient ?? address;
      const order = { token: tokenAt, from: address, recipient, amountUnits, feeUnits: 0n, feeTo: address, expiresAt };
      const receipt = await (await bridge.connect(user).send(order)).wait();
      const sent = receipt?.logs.map((log) => readBridgeLog(log)).find((log) => log?.kind === "sent");
      if (sent?.message === undefined) throw new Error("nothing was sent");
      return { messageId: sent.messageId, message: sent.message, block: receipt?.blockNumber ?? 0 };
    },
    state: async (messageId: string): Promise<MessageState> => messageState(await bridge.statusOf(messageId)),
    async close(): Promise<void> {
      provider.destroy();
      await second.stop();
      await node.close();
      await close();
    },
  };
}

/** @param confirmations of every amount, on both chains. */
export async function startBridgeChains(confirmations = 3) {
  const folder = mkdtempSync(join(tmpdir(), "cantilever-bridge-"));
  cpSync(join(DEPLOYMENTS_FOLDER, "params"), join(folder, "params"), { recursive: true });
  const home = await startChain(HOME, folder, confirmations);
  const abroad = await startChain(ABROAD, folder, confirmations);
  const there: BridgeWay = { source: home.place, destination: abroad.place };
  return {
    folder,
    home,
    abroad,
    /** From 138 to 651940. */
    there,
    async mine(count: number): Promise<void> {
      await home.mine(count);
      await abroad.mine(count);
    },
    async close(): Promise<void> {
      await home.close();
      await abroad.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
