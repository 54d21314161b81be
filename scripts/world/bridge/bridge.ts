/**
 * The bridge of the local world: its attestors, the keeper that trades between the chains, the users' transfers, every message, and whether
 * all is conserved.
 */
import type { AttestationKind } from "../../../protocol/bridgeMessage.js";
import { tokenNames, type TokenName } from "../../../protocol/params/schema.js";
import type { Rng } from "../../market/rng.js";
import type { WorldChain } from "../chain.js";
import type { CopiesReport, KeeperCopies, LoggedError } from "../copies.js";
import type { WorldDatabase } from "../database.js";
import { gasFigures } from "../gas.js";
import type { Terminal } from "../terminal.js";
import { ARBITRAGE, arbitrageReport, startArbitrage } from "./arbitrage.js";
import { ATTESTOR, Attestors } from "./attestors.js";
import { breaches, type TokenFacts } from "./conservation.js";
import { Crossings, type CrossingEvent } from "./crossings.js";
import { FaultPlan } from "./faultPlan.js";
import { BridgeFaults } from "./faults.js";
import { bridgeFigures, type BridgeFigures, type BridgeKeepers } from "./figures.js";
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
  readonly hasArbitrage: boolean;
  readonly hasFaults: boolean;
  /** By chain. */
  readonly terminals: ReadonlyMap<string, Terminal>;
}

interface Stopped {
  readonly attestors: CopiesReport;
  /** Undefined: nobody traded between the chains. */
  readonly arbitrage: CopiesReport | undefined;
}

export class WorldBridge {
  readonly #crossings: Crossings;
  readonly #users: BridgeUsers;
  readonly #violations = new Set<string>();
  readonly #gas: number[] = [];
  /** When a signature was asked for first, seconds: what was not looked at yet travels since then. */
  readonly #firstAsked = new Map<string, number>();
  readonly #leaving = new AbortController();
  #faults: BridgeFaults | undefined;
  #attestors: Attestors | undefined;
  #arbitrage: KeeperCopies | undefined;
  #facts: readonly TokenFacts[] = [];
  #checks = 0;
  #stopped: Promise<Stopped> | undefined;
  /** A fault has changed something: compare as soon as both chains are seen. */
  #isCheckDue = false;

  private constructor(private readonly parts: BridgeParts) {
    const { home, abroad, rng } = parts;
    this.#crossings = new Crossings(home, abroad);
    this.#users = new BridgeUsers(home, abroad, rng);
  }

  /** Starts every process; `ready` says when they work. */
  static async start(parts: BridgeParts): Promise<WorldBridge> {
    const bridge = new WorldBridge(parts);
    const { home, abroad, postgres, folder, latencySeconds } = parts;
    const common = {
      chains: [home, abroad] as const,
      postgres,
      folder,
      excuses: (said: LoggedError) => bridge.excuses(said),
    };
    const passage = (messageId: string, kind: AttestationKind): Promise<boolean> => bridge.#mayCross(messageId, kind);
    bridge.#attestors = await Attestors.start({ ...common, mayCross: passage });
    try {
      if (parts.hasArbitrage) bridge.#arbitrage = await startArbitrage({ ...common, latencySeconds });
    } catch (error) {
      await bridge.stop();
      throw error;
    }
    return bridge;
  }

  get attestors(): Attestors {
    if (this.#attestors === undefined) throw new Error("the attestors were not started");
    return this.#attestors;
  }

  /** Copies of which another one goes on when one dies. */
  get copies(): readonly KeeperCopies[] {
    return this.#arbitrage === undefined ? [] : [this.#arbitrage];
  }

  get errors(): readonly string[] {
    return [...this.attestors.errors, ...this.copies.flatMap(({ errors }) => errors), ...(this.#faults?.errors ?? [])];
  }

  /** Whether what a keeper calls an error follows from a fault that was made. */
  excuses(said: LoggedError): boolean {
    return this.#faults?.excuses(said) === true;
  }

  /** Once all of them work: the users' first transfers, and from now on faults. @throws PermanentError KEEPER_GONE */
  async ready(signal: AbortSignal): Promise<void> {
    await Promise.all([this.attestors.ready(signal), ...this.copies.map((each) => each.led(signal))]);
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

  /** @throws PermanentError KEEPER_GONE when one has ended by itself. */
  assertRunning(): void {
    if (this.#leaving.signal.aborted) return;
    this.attestors.assertRunning();
    for (const each of this.copies) each.assertRunning();
  }

  /** Ends all of them; nothing is carried after that, and both ends are compared once more. */
  async end(): Promise<{ readonly figures: BridgeFigures; readonly keepers: BridgeKeepers }> {
    const { attestors, arbitrage } = await this.stop();
    const { home, abroad, latencySeconds, postgres } = this.parts;
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
    const carried = { executions: this.#gas.length, gasPerExecution: gasFigures(this.#gas) };
    const keepers = {
      [ATTESTOR]: { ...attestors, ...carried },
      ...(arbitrage === undefined
        ? {}
        : { [ARBITRAGE]: await arbitrageReport(arbitrage, [home, abroad], postgres.database) }),
    };
    return { figures, keepers };
  }

  /** Ends all of them. */
  stop(): Promise<Stopped> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Whoever sends, first: attestors carry what is left. */
  async #stop(): Promise<Stopped> {
    this.#leaving.abort();
    const arbitrage = await this.#arbitrage?.stop();
    return { arbitrage, attestors: await this.attestors.stop() };
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

  /** By the chain's clock, not by what was looked at so far: a busy machine makes nothing later. */
  async #mayCross(messageId: string, kind: AttestationKind): Promise<boolean> {
    const { home, abroad, latencySeconds } = this.parts;
    const crossing = this.#crossings.find(messageId);
    const place = kind === "deliver" ? crossing?.to : crossing?.from;
    const now = await (place === abroad.name ? abroad : home).rpc.timestamp();
    const asked = `${kind} ${messageId}`;
    const firstAsked = this.#firstAsked.get(asked) ?? now;
    this.#firstAsked.set(asked, firstAsked);
    const happened = (kind === "deliver" ? crossing?.sentAt : crossing?.cancelledAt) ?? firstAsked;
    const suffered = crossing === undefined ? undefined : this.#faults?.faultOf(crossing);
    const { fault = "none", isOvertaken = false } = suffered ?? {};
    return mayCross({ fault, isOvertaken, ageSeconds: now - happened }, kind, latencySeconds);
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
