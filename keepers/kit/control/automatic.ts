/**
 * Pauses and kills by itself. Only the process that leads does: a copy with a bad connection must not stop the others, nor one with a
 * good connection start them. What was paused automatically runs again when every condition has been good for some blocks; what an
 * operator has paused, and every kill, waits for an operator.
 */
import { describeError, type KeeperLog } from "../logger.js";
import { Tripwire, type Condition, type ConditionAnswer } from "./condition.js";
import type { Control } from "./control.js";

export interface AutomaticOptions {
  readonly conditions: readonly Condition[];
  /** Blocks in a row in which all is good before it runs again. */
  readonly goodBlocks: number;
}

export class AutomaticControl {
  private good = 0;
  private readonly unknown = new Set<string>();

  constructor(
    private readonly control: Pick<Control, "order" | "read">,
    private readonly options: AutomaticOptions,
    private readonly log: KeeperLog,
  ) {}

  /** Once per block; says nothing while another process leads. Never throws: what could not be written is tried at the next block. */
  async look(leading: boolean): Promise<void> {
    if (!leading) {
      this.good = 0;
      return;
    }
    try {
      await this.judge();
    } catch (error) {
      this.good = 0;
      this.log.warn("control.not-written", describeError(error));
    }
  }

  private async judge(): Promise<void> {
    let pause: string | undefined;
    for (const condition of this.options.conditions) {
      const answer = await this.ask(condition);
      if (answer === undefined) {
        this.good = -1; // this block does not count
      } else if (answer.say === "kill") {
        const { changed } = await this.order("kill", `${condition.name}: ${answer.reason}`);
        if (condition instanceof Tripwire) condition.reset();
        if (changed) this.log.error("control.kill", { condition: condition.name, reason: answer.reason });
        return;
      } else if (answer.say === "pause") pause ??= `${condition.name}: ${answer.reason}`;
    }
    if (pause !== undefined) {
      this.good = 0;
      const { changed } = await this.order("pause", pause);
      if (changed) this.log.warn("control.pause", { reason: pause });
      return;
    }
    this.good += 1;
    if (this.good < this.options.goodBlocks) return;
    const { state, cause } = await this.control.read();
    if (state !== "pause" || cause !== "automatic") return;
    const { changed } = await this.order("run", `all good for ${String(this.good)} blocks`);
    if (changed) this.log.info("control.run", { goodBlocks: this.good });
  }

  private order(state: "run" | "pause" | "kill", reason: string) {
    return this.control.order({ state, reason, cause: "automatic" });
  }

  private async ask(condition: Condition): Promise<ConditionAnswer | undefined> {
    try {
      const answer = await condition.look();
      this.unknown.delete(condition.name);
      return answer;
    } catch (error) {
      if (!this.unknown.has(condition.name)) {
        this.log.warn("control.condition-unknown", { condition: condition.name, ...describeError(error) });
      }
      this.unknown.add(condition.name);
      return undefined;
    }
  }
}
