/** One attestor, driven block by block: real nodes behind proxies that a test may corrupt, a real database, a real key. */
import type { Database } from "../../db/database.js";
import { AttestationBook, type AttestationPoint } from "../../keepers/bridge-attestor/book.js";
import { AttestingKey } from "../../keepers/bridge-attestor/key.js";
import { KEEPER_NAME } from "../../keepers/bridge-attestor/policy.js";
import { Scanner } from "../../keepers/bridge-attestor/scanner.js";
import { PgEvents } from "../../keepers/bridge-attestor/store.js";
import { AttestorTick, type End } from "../../keepers/bridge-attestor/tick.js";
import { Witness } from "../../keepers/bridge-attestor/witness.js";
import { Counters } from "../../keepers/kit/counters.js";
import { walletAccount } from "../../keepers/kit/keys/account.js";
import { ChainClient } from "../../keepers/kit/provider.js";
import { MemoryRecord } from "../../keepers/kit/record.js";
import { ABROAD, attestorWallets, HOME, type BridgeChain, type BridgeChains } from "./bridgeChains.js";
import { capturedLog } from "./capturedLog.js";
import { TEST_RPC_TIMEOUT_MS } from "./limits.js";

export interface RigOptions {
  /** Which of the attestors. */
  readonly index?: number;
  /** Nodes that must agree; two stand in front of each chain. */
  readonly quorum?: number;
  readonly settleBlocks?: number;
  readonly logRange?: number;
  /** Messages of each direction per tick. */
  readonly window?: number;
  readonly at?: (point: AttestationPoint) => void | Promise<void>;
}

export type AttestorRig = Awaited<ReturnType<typeof openAttestor>>;

export async function openAttestor(chains: BridgeChains, db: Database, options: RigOptions = {}) {
  const { index = 0, quorum = 2, settleBlocks = 16, logRange = 50, window = 8, at } = options;
  const wallet = attestorWallets[index];
  if (wallet === undefined) throw new Error("there is no such attestor");
  const captured = capturedLog();
  const key = await AttestingKey.of(walletAccount(wallet), [chains.home.place, chains.abroad.place]);
  const book = new AttestationBook({
    ...{ db, attestor: key.address, keeper: KEEPER_NAME, networks: [HOME, ABROAD], actor: "test" },
    ...(at === undefined ? {} : { at }),
  });
  const endOf = (chain: BridgeChain): End & { readonly client: ChainClient } => {
    const { chainId } = chain.place;
    const client = new ChainClient({
      url: chain.urls,
      chainId: Number(chainId),
      timeoutMs: TEST_RPC_TIMEOUT_MS,
      retries: 0,
      quorum,
    });
    return { place: chain.place, client, witness: new Witness(client), store: new PgEvents(db, chain.place) };
  };
  const [home, abroad] = [endOf(chains.home), endOf(chains.abroad)];
  const counters = new Counters();
  const tickOf = (own: typeof home, other: typeof home, startBlock: number): AttestorTick => {
    const scanner = new Scanner({
      ...{ witness: other.witness, place: other.place, other: own.place, store: other.store, startBlock },
      ...{ settleBlocks, logRange, counters, log: captured.log },
    });
    const parts = { own, other: { ...other, scanner }, key, book, relay: undefined, window };
    return new AttestorTick({ ...parts, counters, record: new MemoryRecord(), log: captured.log });
  };
  // Each end attests by what the other one says.
  const ticks = {
    home: tickOf(home, abroad, chains.abroad.startBlock),
    abroad: tickOf(abroad, home, chains.home.startBlock),
  };
  const signed = (messageId: string) => book.publishedOf(messageId, 16);
  return {
    ...{ key, book, counters, home, abroad, signed },
    names: () => captured.names(),
    /** One block of work for the end where signatures count. */
    tick: async (where: "home" | "abroad"): Promise<void> => {
      const end = where === "home" ? home : abroad;
      await ticks[where].run(await end.client.head());
    },
    /** The kinds and epochs that are published of a message. */
    async kinds(messageId: string): Promise<string[]> {
      return (await signed(messageId)).map(({ kind, epoch }) => `${kind} ${epoch.toString()}`).sort();
    },
    close(): void {
      home.client.close();
      abroad.client.close();
    },
  };
}
