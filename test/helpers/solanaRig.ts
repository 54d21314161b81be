/** A Solana keeper's outbox between a real PostgreSQL and the local cluster, whose process can die at any place and come back. */
import { lamports, type Address, type KeyPairSigner } from "@solana/kit";

import type { Database } from "../../db/database.js";
import { acquireLease } from "../../db/queries/lease/acquire.js";
import type { HeldLease } from "../../keepers/kit/lease.js";
import type { FaultPoint } from "../../keepers/kit/outbox/faultPoints.js";
import type { SolanaIntent } from "../../keepers/kit/outbox/solana/intent.js";
import type { SolanaSigningGate } from "../../keepers/kit/outbox/solana/signingGate.js";
import { SolanaOutbox } from "../../keepers/kit/outbox/solana/solanaOutbox.js";
import { SolanaOutboxStore } from "../../keepers/kit/outbox/solana/store.js";
import type { LeaseView } from "../../keepers/kit/outbox/store.js";
import { SolanaBroadcaster } from "../../keepers/kit/solana/broadcaster.js";
import { SolanaClient } from "../../keepers/kit/solana/client.js";
import { clusterHead, type SolanaHead } from "../../keepers/kit/solana/cluster.js";
import { solanaSignerOf, type SolanaSigner } from "../../keepers/kit/solana/signer.js";
import type { Settled } from "../../keepers/kit/submitter.js";
import { SYSTEM_PROGRAM } from "../../protocol/solana/errorNames.js";
import { EFFECT_LAMPORTS, effectAddress, effectInstruction } from "../../scripts/bench/crash/solana/effect.js";
import type { Cluster, Faults } from "../../scripts/validator/cluster.js";
import type { ServerOptions } from "../../scripts/validator/server.js";
import { capturedLog } from "./capturedLog.js";
import { TEST_RPC_TIMEOUT_MS } from "./limits.js";
import { LAMPORTS_PER_SOL, testSigner } from "./solana.js";
import { liteOf, type EngineNode } from "./solanaEngine/engine.js";
import { FlakySends } from "./solanaEngine/flakySends.js";
import { startNode } from "./solanaEngine/start.js";

const ROLE = "test";

/** Thrown where a process dies. */
export class Killed extends Error {}

export interface ProcessOptions {
  readonly remote?: boolean;
  readonly gate?: SolanaSigningGate;
  readonly window?: number;
}

/** One life of the keeper. */
export class RigProcess {
  /** Dies at the next passing of this place. */
  dieAt: FaultPoint | undefined;
  /** Sees bytes that are about to be sent. */
  beforeSend: ((bytes: string) => Promise<void>) | undefined;
  readonly log = capturedLog();
  readonly outbox: SolanaOutbox;

  constructor(
    readonly rig: SolanaRig,
    held: HeldLease,
    options: ProcessOptions,
  ) {
    const lease: LeaseView & { held: HeldLease | undefined } = {
      held,
      get claimed() {
        return this.held !== undefined;
      },
      lost() {
        this.held = undefined;
      },
    };
    const at = (point: FaultPoint): void => {
      if (this.dieAt === point) throw new Killed(point);
    };
    const { chainId, database, client } = rig;
    const signer: SolanaSigner = { ...solanaSignerOf(rig.payer), remote: options.remote ?? false };
    const allow: SolanaSigningGate = { policyHash: "0x", authorize: () => Promise.resolve({ ok: true }) };
    const parts = {
      db: database,
      lease,
      role: ROLE,
      chainId,
      address: signer.address,
      gate: options.gate ?? allow,
      at,
    };
    const broadcaster = new SolanaBroadcaster(client, this.log.log);
    this.outbox = new SolanaOutbox({
      store: new SolanaOutboxStore(parts),
      ...{ client, chainId, signer, at, log: this.log.log },
      broadcaster: {
        broadcast: async (bytes) => {
          await this.beforeSend?.(bytes);
          return broadcaster.broadcast(bytes);
        },
      },
      options: {
        baseMicroLamportsPerUnit: 1_000n,
        resendAfterSlots: 2n,
        window: options.window ?? 64,
        batchStep: "confirmed",
      },
    });
  }

  async upkeep(): Promise<readonly Settled[]> {
    return this.outbox.upkeep(await this.rig.head());
  }

  async submit(...keys: string[]) {
    const head = await this.rig.head();
    return this.outbox.submitBatch(
      keys.map((key) => this.rig.intent(key)),
      head,
    );
  }
}

/** Blocks after which surfpool has finalized one, beyond those that LiteSVM needs here. */
const SURFPOOL_FINALIZES_LATER = 34;

export class SolanaRig {
  readonly chainId: string;
  readonly client: SolanaClient;
  /** How many more blocks than 6 pass until one is final. */
  readonly later: number;

  private constructor(
    readonly node: EngineNode,
    /** What befalls transactions on their way. */
    readonly faults: Faults,
    /** Where no engine of this process lets them happen. */
    private readonly sends: FlakySends | undefined,
    readonly database: Database,
    readonly payer: KeyPairSigner,
  ) {
    this.chainId = node.genesisHash;
    this.later = node.lite === undefined ? SURFPOOL_FINALIZES_LATER : 0;
    this.client = new SolanaClient({ url: this.url, timeoutMs: TEST_RPC_TIMEOUT_MS, retries: 0 });
  }

  /** `database` may be used by several rigs: every one has a cluster of its own. */
  static async start(database: Database, options: ServerOptions = {}): Promise<SolanaRig> {
    clusters += 1;
    const seed = `rig ${String(clusters)}`;
    const node = await startNode({ seed, confirmedBlocks: 3, finalizedBlocks: 6, ...options });
    const faults = node.lite?.faults ?? {};
    const sends = node.lite === undefined ? await FlakySends.start(node, faults) : undefined;
    // Blockhashes of surfpool are the same in every cluster: equal bytes of two rigs would be one row in their database.
    const payer = await testSigner(clusters);
    node.setAccount({
      ...{ address: payer.address, data: new Uint8Array(), executable: false, space: 0n },
      ...{ lamports: lamports(100n * LAMPORTS_PER_SOL), programAddress: SYSTEM_PROGRAM as Address },
    });
    const rig = new SolanaRig(node, faults, sends, database, payer);
    rig.advance(10);
    return rig;
  }

  get url(): string {
    return this.sends?.url ?? this.node.url;
  }

  /** What only LiteSVM can do. */
  get cluster(): Cluster {
    return liteOf(this.node);
  }

  /** A new process takes the lease; whoever had it finds out at the next write. */
  async process(options: ProcessOptions = {}): Promise<RigProcess> {
    const name = `${ROLE}:${this.chainId}`;
    await this.database.query(
      "UPDATE keeper_lease SET expires_at = clock_timestamp() - interval '1 second' WHERE name = $1",
      [name],
    );
    const owner = `process ${String((processes += 1))}`;
    const fence = await acquireLease(this.database, name, owner, 3_600_000);
    if (fence === undefined) throw new Error("the lease is taken");
    return new RigProcess(this, { name, owner, fence }, options);
  }

  head(): Promise<SolanaHead> {
    return clusterHead(this.client);
  }

  advance(slots: number): void {
    if (this.sends === undefined) {
      this.node.advance(slots);
      return;
    }
    for (let slot = 0; slot < slots; slot += 1) {
      this.node.advance(1);
      this.sends.slotPassed();
    }
  }

  intent(key: string, changes: Partial<SolanaIntent> = {}): SolanaIntent {
    return {
      key,
      instructions: [effectInstruction(this.payer.address, key)],
      computeUnitLimit: 10_000,
      maxMicroLamportsPerUnit: 100_000n,
      validUntilBlock: 1_000_000n,
      ...changes,
    };
  }

  /** How often the effect of a key has happened, as the chain has it. */
  times(key: string): bigint {
    const account = this.node.getAccount(effectAddress(key));
    const amount = account.exists ? account.lamports : 0n;
    if (amount % EFFECT_LAMPORTS !== 0n) throw new Error(`${key}: ${String(amount)} lamports`);
    return amount / EFFECT_LAMPORTS;
  }

  /** State and number of attempts of a key's newest row. */
  async row(key: string): Promise<{ readonly state: string; readonly attempts: number } | undefined> {
    const [row] = await this.database.query<{ state: string; attempts: number }>(
      `select state, (select count(*) from keeper_attempt where outbox_id = o.id)::integer as attempts
       from keeper_outbox o where chain_id = $1 and effect_key = $2 order by id desc limit 1`,
      [this.chainId, key],
    );
    return row;
  }

  async stop(): Promise<void> {
    await this.sends?.stop();
    await this.node.stop();
  }
}

let clusters = 0;
let processes = 0;
