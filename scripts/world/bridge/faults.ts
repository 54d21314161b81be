/**
 * The faults of the local world's bridge (`--faults bridge`). Messages are delayed, reordered and dropped on the wires between attestors,
 * which alone can keep a message from arriving; deliveries are brought a second time; an attestor is killed; a block is replaced by another
 * one. What is dropped its recipient cancels, so that its sender is paid back.
 */
import { bridgeAbi } from "../../../protocol/bridgeMessage.js";
import type { WorldChain } from "../chain.js";
import type { Terminal } from "../terminal.js";
import type { LoggedError } from "../copies.js";
import type { Attestors } from "./attestors.js";
import type { Crossing, CrossingEvent, Crossings } from "./crossings.js";
import type { FaultPlan, MessageFault, SystemFault } from "./faultPlan.js";
import type { FaultCounts } from "./figures.js";
import { isEcho } from "./echo.js";
import { replaceBlock } from "./reorg.js";
import { signaturesOf } from "./signatures.js";

const GAS = 1_000_000;
/** For so long after a block was replaced a keeper may still ask for it. */
const ECHO_MS = 60_000;
/** Which of the traders carries what has arrived already: he never uses the bridge himself. */
const STRANGER = 2;

export interface FaultParts {
  readonly home: WorldChain;
  readonly abroad: WorldChain;
  readonly crossings: Crossings;
  readonly attestors: Attestors;
  readonly plan: FaultPlan;
  readonly latencySeconds: number;
  /** By chain. */
  readonly terminals: ReadonlyMap<string, Terminal>;
  /** Sends something from abroad, if there is anything to send; undefined: there is not. */
  readonly sendFromAbroad: () => (() => Promise<string>) | undefined;
  /** Whether this account's messages can be cancelled here. */
  readonly isOurs: (recipient: string | undefined) => boolean;
  /** What everything else needs suffers nothing. */
  readonly isSpared: (transactionHash: string) => boolean;
}

interface Suffering {
  readonly crossing: Crossing;
  readonly fault: MessageFault;
  isOvertaken: boolean;
  isCancelled: boolean;
}

export class BridgeFaults {
  readonly counts: FaultCounts = {
    delayed: 0,
    duplicated: 0,
    reordered: 0,
    dropped: 0,
    attestorKills: 0,
    reorgs: 0,
    failedLooks: 0,
  };
  readonly errors: string[] = [];
  readonly #suffering = new Map<string, Suffering>();
  /** Second deliveries that were sent, by transaction. */
  readonly #repeated = new Map<string, { readonly chain: WorldChain; readonly crossing: Crossing }>();
  #due: SystemFault[] = [];
  #isReplacing = false;
  #replacedMs = -Infinity;

  constructor(private readonly parts: FaultParts) {}

  faultOf({ id }: Crossing): Pick<Suffering, "fault" | "isOvertaken"> {
    return this.#suffering.get(id) ?? { fault: "none", isOvertaken: false };
  }

  /** A block was just taken away: whoever looked at it could not go on, and that is all he may complain about. */
  excuses(said: LoggedError): boolean {
    const isJustReplaced = this.#isReplacing || performance.now() - this.#replacedMs < ECHO_MS;
    if (!isJustReplaced || !isEcho(said, this.parts.abroad.network)) return false;
    this.counts.failedLooks += 1;
    return true;
  }

  /** Something happened to a message. */
  async onEvent(event: CrossingEvent): Promise<void> {
    const { kind, crossing } = event;
    if (kind === "sent") {
      if (this.parts.isSpared(event.transactionHash)) return;
      const fault = this.parts.plan.nextMessage(this.parts.isOurs(crossing.message?.recipient));
      this.#suffering.set(crossing.id, { crossing, fault, isOvertaken: false, isCancelled: false });
    }
    const suffering = this.#suffering.get(crossing.id);
    if (kind === "cancelled" && suffering?.fault === "dropped") {
      this.counts.dropped += 1;
      this.#show(event.chain, event.block, `dropped: no second signature came; its recipient cancelled it`);
    }
    if (kind === "delivered") {
      this.#overtake(crossing);
      if (suffering !== undefined) await this.#arrived(suffering, event);
    }
  }

  /** One block of the first chain, once both are seen up to it. @returns whether a block was replaced. */
  async step(block: number, signal: AbortSignal): Promise<boolean> {
    await this.#cancelDropped();
    await this.#judgeRepeated(block);
    const planned = this.parts.plan.atBlock(block);
    if (planned !== undefined) this.#due.push(planned);
    const [next, ...later] = this.#due;
    if (next === "attestor-killed" && this.#kill(block, signal)) this.#due = later;
    if (next !== "reorg" || !(await this.#reorg())) return false;
    this.#due = later;
    return true;
  }

  /** What was delayed or overtaken counts when it arrives all the same; what is to come twice is brought again. */
  async #arrived({ crossing, fault, isOvertaken }: Suffering, { chain, block }: CrossingEvent): Promise<void> {
    if (fault === "delayed") {
      this.counts.delayed += 1;
      this.#show(chain, block, "delayed: it arrived all the same");
    } else if (fault === "reordered" && isOvertaken) {
      this.counts.reordered += 1;
      this.#show(chain, block, "reordered: it arrived after a later one");
    } else if (fault === "duplicated") await this.#repeat(crossing);
  }

  #overtake({ from, message }: Crossing): void {
    const nonce = message?.nonce;
    if (nonce === undefined) return;
    for (const suffering of this.#suffering.values()) {
      const earlier = suffering.crossing;
      if (earlier.from === from && earlier.delivered === 0 && (earlier.message?.nonce ?? nonce) < nonce)
        suffering.isOvertaken = true;
    }
  }

  /** With the same signatures, by somebody who never had to do with it. */
  async #repeat(crossing: Crossing): Promise<void> {
    const chain = this.#chain(crossing.to);
    const { message } = crossing;
    const signatures = await signaturesOf(this.parts.attestors.urls, chain, "deliver", crossing.id);
    if (message === undefined || signatures === undefined) return;
    const data = bridgeAbi.encodeFunctionData("deliver", [message, [...signatures]]);
    const from = chain.accounts.traders[STRANGER] ?? chain.accounts.operator;
    const hash = await chain.rpc.send({ from, to: chain.deployment.address("AlltraCustomBridge"), data, gas: GAS });
    this.#repeated.set(hash, { chain, crossing });
  }

  async #judgeRepeated(block: number): Promise<void> {
    for (const [hash, { chain, crossing }] of this.#repeated) {
      const receipt = await chain.rpc.receipt(hash);
      if (receipt === undefined) continue;
      this.#repeated.delete(hash);
      this.counts.duplicated += 1;
      if (receipt.ok) this.errors.push(`bridge: ${crossing.id} was accepted a second time`);
      this.#show(chain.name, block, `duplicated: a second delivery was ${receipt.ok ? "accepted" : "refused"}`);
    }
  }

  async #cancelDropped(): Promise<void> {
    const { crossings, latencySeconds } = this.parts;
    for (const suffering of this.#suffering.values()) {
      const { crossing, fault, isCancelled } = suffering;
      const { message, sentAt = Infinity } = crossing;
      if (fault !== "dropped" || isCancelled || message === undefined) continue;
      if (crossings.now(crossing.to) < sentAt + latencySeconds) continue;
      const { rpc, deployment } = this.#chain(crossing.to);
      const data = bridgeAbi.encodeFunctionData("cancel", [message]);
      await rpc.send({ from: message.recipient, to: deployment.address("AlltraCustomBridge"), data, gas: GAS });
      suffering.isCancelled = true;
    }
  }

  /** @returns false while another one is still dead. */
  #kill(block: number, signal: AbortSignal): boolean {
    const killed = this.parts.attestors.kill(signal);
    if (killed === undefined) return false;
    const { home } = this.parts;
    this.counts.attestorKills += 1;
    this.#show(home.name, block, `${killed.title} was killed; the others go on`);
    killed.back.catch((error: unknown) => {
      this.errors.push(`${killed.title}: ${error instanceof Error ? error.message : String(error)}`);
    });
    return true;
  }

  /** @returns false while nothing could be lost by it. */
  async #reorg(): Promise<boolean> {
    const { abroad, sendFromAbroad } = this.parts;
    const bring = sendFromAbroad();
    if (bring === undefined) return false;
    this.#isReplacing = true;
    const { block, before, after } = await replaceBlock(abroad, bring).finally(() => {
      [this.#isReplacing, this.#replacedMs] = [false, performance.now()];
    });
    if (before === after) this.errors.push(`bridge: block ${block} of ${abroad.name} is still the same`);
    this.counts.reorgs += 1;
    const [old, now] = [before, after].map((hash) => hash.slice(0, 10));
    const text = `block ${String(old)}… was replaced by ${String(now)}…, without a transfer that was in it`;
    this.#show(abroad.name, block, text);
    return true;
  }

  #chain(name: string): WorldChain {
    const { home, abroad } = this.parts;
    return name === home.name ? home : abroad;
  }

  #show(chain: string, block: number, text: string): void {
    this.parts.terminals.get(chain)?.event(block, "fault", "yellow", text);
  }
}
