/** The bridge of the local world: its attestors, the users' transfers, every message between the chains, and whether all is conserved. */
import type { AttestationKind } from "../../../protocol/bridgeMessage.js";
import { tokenNames, type TokenName } from "../../../protocol/params/schema.js";
import type { Rng } from "../../market/rng.js";
import type { WorldChain } from "../chain.js";
import { gasFigures } from "../chainFigures.js";
import type { KeeperReport } from "../copies.js";
import type { WorldDatabase } from "../database.js";
import type { Terminal } from "../terminal.js";
import { Attestors } from "./attestors.js";
import { breaches, type TokenFacts } from "./conservation.js";
import { Crossings, type CrossingEvent } from "./crossings.js";
import { FaultPlan } from "./faultPlan.js";
import { BridgeFaults } from "./faults.js";
import { bridgeFigures, type BridgeFigures } from "./figures.js";
import { mayCross } from "./passage.js";
import { eventText } from "./show.js";
import { BridgeUsers } from "./users.js";

/** Blocks of the first chain between two comparisons of both ends. */
const CHECK_BLOCKS = 5;
/** What comes home in a block that will not stay, USD. */
const LOST_USD = 100;

export interface BridgeParts {
  /** Locks. */
  readonly home: WorldChain;
  /** Mints. */
  readonly abroad: WorldChain;
  readonly postgres: WorldDatabase;
  readonly folder: string;
  readonly rng: Rng;
  readonly latencySeconds: number;
  readonly hasUsers: boolean;
  readonly hasFaults: boolean;
  /** By chain. */
  readonly terminals: ReadonlyMap<string, Terminal>;
}

export class WorldBridge {
  readonly #crossings: Crossings;
  readonly #users: BridgeUsers;
  readonly #violations = new Set<string>();
  readonly #gas: number[] = [];
  /** When a signature about something that nobody has seen here was asked for first, seconds. */
  readonly #firstAsked = new Map<string, number>();
  readonly #leaving = new AbortController();
  readonly #errors: string[] = [];
  #faults: BridgeFaults | undefined;
  #attestors: Attestors | undefined;
  #facts: readonly TokenFacts[] = [];
  #checks = 0;
  /** A fault has changed something: compare as soon as both chains are seen. */
  #isCheckDue = false;

  private constructor(private readonly parts: BridgeParts) {
    const { home, abroad, rng } = parts;
    this.#crossings = new Crossings(home, abroad);
    this.#users = new BridgeUsers(home, abroad, rng);
  }

  /** Starts the attestors; `ready` says when they work. */
  static async start(parts: BridgeParts): Promise<WorldBridge> {
    const bridge = new WorldBridge(parts);
    const { home, abroad, postgres, folder } = parts;
    const passage = (messageId: string, kind: AttestationKind): boolean => bridge.#mayCross(messageId, kind);
    bridge.#attestors = await Attestors.start({ chains: [home, abroad], postgres, folder, mayCross: passage });
    return bridge;
  }

  get attestors(): Attestors {
    if (this.#attestors === undefined) throw new Error("the attestors were not started");
    return this.#attestors;
  }

  get errors(): readonly string[] {
    return [...this.#errors, ...this.attestors.errors, ...(this.#faults?.errors ?? [])];
  }

  /** Once every attestor works: the users' first transfers, and from now on faults. @throws PermanentError KEEPER_GONE */
  async ready(signal: AbortSignal): Promise<void> {
    await this.attestors.ready(signal);
    const { home, abroad, rng, latencySeconds, terminals, hasUsers, hasFaults } = this.parts;
    if (hasUsers) await this.#users.open();
    if (!hasFaults) return;
    const plan = new FaultPlan(rng.stream("bridge-faults"), await home.rpc.blockNumber());
    this.#faults = new BridgeFaults({
      ...{ home, abroad, plan, latencySeconds, terminals, crossings: this.#crossings, attestors: this.attestors },
      sendFromAbroad: () => this.#bringHome(),
      isOurs: (recipient) => this.#users.has(recipient),
      isSpared: (hash) => this.#users.isOpening(hash),
    });
  }

  /** One more block of a chain. */
  async look(chain: WorldChain, block: number): Promise<void> {
    for (const event of await this.#crossings.look(chain, block)) await this.#note(chain, event);
    const { abroad, hasUsers } = this.parts;
    if (chain === abroad) return;
    if (block % CHECK_BLOCKS === 0) this.#isCheckDue = true;
    if (this.#isCheckDue && this.#crossings.isLevel) await this.#check();
    if (hasUsers) await this.#users.step((token) => this.#mintedUnits(token));
    if ((await this.#faults?.step(block, this.#leaving.signal)) === true) this.#isCheckDue = true;
  }

  /** @throws PermanentError KEEPER_GONE when an attestor has ended by itself. */
  assertRunning(): void {
    if (!this.#leaving.signal.aborted) this.attestors.assertRunning();
  }

  /** Ends the attestors; nothing is carried after that, and both ends are compared once more. */
  async end(): Promise<{ readonly figures: BridgeFigures; readonly attestors: KeeperReport }> {
    const report = await this.stop();
    const { home, abroad, latencySeconds } = this.parts;
    for (const chain of [home, abroad]) {
      for (const event of await this.#crossings.look(chain, await chain.rpc.blockNumber()))
        await this.#note(chain, event);
    }
    await this.#check();
    const crossings = this.#crossings.all;
    const figures = bridgeFigures({
      ...{ latencySeconds, crossings, tokens: this.#facts, checks: this.#checks, violations: this.#violations },
      faults: this.#faults?.counts,
    });
    return {
      figures,
      attestors: { ...report, executions: this.#gas.length, gasPerExecution: gasFigures(this.#gas) },
    };
  }

  /** Ends the attestors. */
  async stop() {
    this.#leaving.abort();
    return this.attestors.stop();
  }

  async #note(chain: WorldChain, event: CrossingEvent): Promise<void> {
    const { kind, block, transactionHash } = event;
    const colour = kind === "sent" ? "grey" : "cyan";
    this.parts.terminals.get(chain.name)?.event(block, "bridge", colour, eventText(event, chain.loaded));
    await this.#faults?.onEvent(event);
    if (kind !== "delivered" && kind !== "refunded") return;
    const receipt = await chain.rpc.receipt(transactionHash);
    if (receipt !== undefined) this.#gas.push(receipt.gasUsed);
  }

  async #check(): Promise<void> {
    this.#isCheckDue = false;
    this.#facts = await this.#crossings.tokenFacts();
    this.#checks += 1;
    for (const breach of breaches(this.#facts, this.#crossings.all)) {
      if (this.#violations.has(breach)) continue;
      this.#violations.add(breach);
      this.parts.terminals.get(this.parts.home.name)?.line(`violation: ${breach}`);
    }
  }

  #mayCross(messageId: string, kind: AttestationKind): boolean {
    const crossing = this.#crossings.find(messageId);
    const way = kind === "deliver" ? crossing?.to : crossing?.from;
    const now = this.#crossings.now(way ?? this.parts.home.name);
    const happened = kind === "deliver" ? crossing?.sentAt : crossing?.cancelledAt;
    const asked = `${kind} ${messageId}`;
    if (happened === undefined && !this.#firstAsked.has(asked)) this.#firstAsked.set(asked, now);
    const ageSeconds = now - (happened ?? this.#firstAsked.get(asked) ?? now);
    const suffered = crossing === undefined ? undefined : this.#faults?.faultOf(crossing);
    const { fault = "none", isOvertaken = false } = suffered ?? {};
    return mayCross({ fault, ageSeconds, isOvertaken }, kind, this.parts.latencySeconds);
  }

  #mintedUnits(token: TokenName): bigint {
    return this.#crossings.issuedUnits(token);
  }

  /** A transfer home of the first token of which enough is abroad. */
  #bringHome(): (() => Promise<string>) | undefined {
    const token = tokenNames.find((name) => this.#users.canReturn(name, LOST_USD, this.#mintedUnits(name)));
    if (token === undefined) return undefined;
    return () => this.#users.send({ token, usd: LOST_USD, isOutward: false, user: 0 });
  }
}
