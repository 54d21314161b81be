import { getCreateAddress, type Provider, type Signer } from "ethers";

import { DeploymentError, PermanentError } from "../../protocol/errors.js";
import type { NetworkParams } from "../../protocol/params/schema.js";
import {
  DETERMINISTIC_PROXY,
  KEYLESS_COST_WEI,
  KEYLESS_SENDER,
  KEYLESS_TRANSACTION,
  PROXY_INIT_CODE,
  PROXY_RUNTIME_CODE,
} from "./create2.js";
import type { Sender } from "./sender.js";

/** Address of the CREATE2 root: the well-known proxy, or the first contract of the single-use key. The same on every chain. */
export function rootAddress(create2: NetworkParams["create2"]): string {
  if (create2.root === "deterministic-proxy") return DETERMINISTIC_PROXY;
  if (create2.rootDeployer === undefined) throw new Error("the schema requires rootDeployer here");
  return getCreateAddress({ from: create2.rootDeployer, nonce: 0 });
}

/** Whether the root is there. @throws DeploymentError FOREIGN_CODE when something else is. */
export async function rootExists(provider: Provider, root: string): Promise<boolean> {
  const code = await provider.getCode(root);
  if (code === "0x") return false;
  if (code.toLowerCase() === PROXY_RUNTIME_CODE) return true;
  throw new DeploymentError(
    "FOREIGN_CODE",
    `the CREATE2 root ${root} holds other code than the deterministic-deployment proxy`,
    'this chain cannot use it: set create2.root to "single-use-key" with a fresh key on every network that shares addresses',
    { contract: "Create2Root", address: root },
  );
}

/**
 * Makes the root. The keyless transaction needs a chain that accepts transactions without chain id and a gas price of 100 gwei; where
 * that is refused, a single-use key makes the same proxy from nonce 0 (its address then is the root on all chains).
 */
export async function makeRoot(
  provider: Provider,
  create2: NetworkParams["create2"],
  sender: Sender,
  rootSigner: Signer | undefined,
): Promise<void> {
  if (create2.root === "single-use-key") await makeRootWithKey(provider, create2, rootSigner);
  else await makeKeylessRoot(provider, sender);
  if (!(await rootExists(provider, rootAddress(create2)))) {
    throw new PermanentError(
      "ROOT_NOT_CREATED",
      "the CREATE2 root has no code after its creating transaction",
      ROOT_REFUSED_FIX,
    );
  }
}

const ROOT_REFUSED_FIX =
  'set create2.root to "single-use-key" and create2.rootDeployer to a fresh account, in every network that shares addresses';

async function makeKeylessRoot(provider: Provider, sender: Sender): Promise<void> {
  const balanceWei = await provider.getBalance(KEYLESS_SENDER);
  if (balanceWei < KEYLESS_COST_WEI) {
    const missing = { label: "fund the keyless sender of the CREATE2 root", to: KEYLESS_SENDER, data: "0x" };
    await sender.sendAll([{ ...missing, valueWei: KEYLESS_COST_WEI - balanceWei }], noPreparation, noRecord);
  }
  try {
    const sent = await provider.broadcastTransaction(KEYLESS_TRANSACTION);
    await sender.until("the creation of the CREATE2 root", () => provider.getTransactionReceipt(sent.hash));
  } catch (error) {
    // Somebody else may have sent it between our look and our transaction: then it is there, and that is all we want.
    if (await rootExists(provider, DETERMINISTIC_PROXY)) return;
    throw new PermanentError(
      "ROOT_REFUSED",
      "the chain refuses the keyless transaction of the deterministic-deployment proxy",
      ROOT_REFUSED_FIX,
      {},
      { cause: error },
    );
  }
}

async function makeRootWithKey(
  provider: Provider,
  create2: NetworkParams["create2"],
  rootSigner: Signer | undefined,
): Promise<void> {
  const address = await rootSigner?.getAddress();
  if (rootSigner === undefined || address?.toLowerCase() !== create2.rootDeployer?.toLowerCase()) {
    throw new PermanentError(
      "ROOT_KEY_MISSING",
      `the CREATE2 root must be made by ${String(create2.rootDeployer)}, found ${address ?? "no key"}`,
      "give the key of create2.rootDeployer",
    );
  }
  if ((await provider.getTransactionCount(rootSigner, "latest")) !== 0) {
    throw new PermanentError(
      "ROOT_KEY_USED",
      `${String(create2.rootDeployer)} has sent transactions before: its first contract address is gone`,
      "take a fresh key for create2.rootDeployer, in every network that shares addresses",
    );
  }
  await (await rootSigner.sendTransaction({ data: PROXY_INIT_CODE, nonce: 0 })).wait();
}

function noPreparation(): void {
  // Plain transfer: repeating it after a kill is harmless, because the balance is looked at first.
}

async function noRecord(): Promise<void> {
  // Nothing to write down.
}
