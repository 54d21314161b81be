import type { Provider } from "ethers";

import type { DeploymentRecord } from "../../protocol/addresses.js";
import { codeHash } from "../../protocol/hashes.js";
import type { LoadedParams } from "../../protocol/params/load.js";
import type { DeploymentStore, Intent } from "./store.js";
import type { PlannedContract } from "./types.js";

/** `params/<network>.json#<sha256>`, as the record names its input. */
export function paramsReference(loaded: LoadedParams): string {
  return `params/${loaded.network}.json#${loaded.sha256}`;
}

/** The record while it grows: every change goes to the store at once. */
export class Recorder {
  private record: DeploymentRecord;
  private intents: Intent[];

  constructor(
    private readonly store: DeploymentStore,
    private readonly provider: Provider,
    private readonly loaded: LoadedParams,
    private readonly sourceCommit: string | undefined,
  ) {
    this.intents = [...store.readJournal()];
    this.record = store.read() ?? {
      chainId: loaded.params.chainId,
      contracts: {},
      params: paramsReference(loaded),
    };
  }

  get current(): DeploymentRecord {
    return this.record;
  }

  /** First block in which something of this deployment can have happened: everything governed is younger than the timelock. */
  get fromBlock(): number {
    return this.record.contracts["Timelock"]?.block ?? 0;
  }

  /** Writes down what is about to be sent, before it is. */
  intend(intents: readonly Intent[]): void {
    this.intents = [...this.intents.filter((old) => !intents.some((fresh) => fresh.name === old.name)), ...intents];
    this.store.writeJournal(this.intents);
  }

  /** Whether the record lists the contract at this address with the code that is on the chain. */
  knows(contract: PlannedContract, code: string): boolean {
    const entry = this.record.contracts[contract.name];
    return entry?.address === contract.address && entry.runtimeCodeHash === codeHash(code);
  }

  /** Adds a contract that is on the chain. Its transaction is found through the journal or the event of its maker, where there is one. */
  async add(contract: PlannedContract, code: string, made?: { hash: string; blockNumber: number }): Promise<void> {
    const origin = made ?? (await this.findOrigin(contract));
    this.record = {
      ...this.record,
      contracts: {
        ...this.record.contracts,
        [contract.name]: {
          address: contract.address,
          deployTx: origin?.hash ?? null,
          block: origin?.blockNumber ?? null,
          constructorArgs: [...contract.constructorArgs],
          ...(this.sourceCommit === undefined ? {} : { sourceCommit: this.sourceCommit }),
          runtimeCodeHash: codeHash(code),
        },
      },
    };
    this.store.write(this.record);
  }

  /** Ends a deployment: names the parameters it was made from and forgets the journal. */
  finish(): void {
    const reference = paramsReference(this.loaded);
    if (this.record.params !== reference || this.store.read() === undefined) {
      this.record = { ...this.record, params: reference };
      this.store.write(this.record);
    }
    if (this.intents.length > 0) this.store.writeJournal([]);
    this.intents = [];
  }

  private async findOrigin(contract: PlannedContract): Promise<{ hash: string; blockNumber: number } | undefined> {
    try {
      const { make } = contract;
      if (make.by === "timelock" || make.by === "constructor") return await this.findEvent(make.event);
      const intent = this.intents.find((entry) => entry.name === contract.name);
      return intent === undefined ? undefined : await findByNonce(this.provider, intent);
    } catch {
      // A node without old states or logs: the contract is there, only its transaction stays unknown.
      return undefined;
    }
  }

  private async findEvent(event: {
    at: string;
    topics: readonly string[];
  }): Promise<{ hash: string; blockNumber: number } | undefined> {
    const fromBlock = this.intents.length === 0 ? 0 : Math.min(...this.intents.map((intent) => intent.afterBlock));
    const [log] = await this.provider.getLogs({
      address: event.at,
      topics: [...event.topics],
      fromBlock,
      toBlock: "latest",
    });
    return log === undefined ? undefined : { hash: log.transactionHash, blockNumber: log.blockNumber };
  }
}

/** The transaction of an account with a given nonce: the first block after which the account's count exceeds the nonce. */
async function findByNonce(
  provider: Provider,
  intent: Intent,
): Promise<{ hash: string; blockNumber: number } | undefined> {
  let low = intent.afterBlock;
  let high = await provider.getBlockNumber();
  if ((await provider.getTransactionCount(intent.from, high)) <= intent.nonce) return undefined;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await provider.getTransactionCount(intent.from, middle)) > intent.nonce) high = middle;
    else low = middle;
  }
  const block = await provider.getBlock(high, true);
  const found = block?.prefetchedTransactions.find(
    (transaction) => transaction.from === intent.from && transaction.nonce === intent.nonce,
  );
  return found === undefined ? undefined : { hash: found.hash, blockNumber: high };
}
