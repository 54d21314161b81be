/**
 * Accounts that were named instead of found. No log says when one of them borrows again after it owed nothing, because none need be read:
 * their debts are looked at, and whoever has some that had none is told as found. A node that leaves out logs hides nobody.
 */
import { z } from "zod";

import { aaveAbi } from "../../../../protocol/aave/contracts.js";
import type { ChainClient } from "../../../kit/provider.js";
import type { Action, BlockRef, Discovered, Position, Reading, RescueProtocol } from "../../types.js";
import { askEach, type Question } from "./reads.js";

const cursorSchema = z.object({ owing: z.array(z.string()), clear: z.array(z.string()) });
/** Who was told as found, by whether he owed something then. */
export type NamedCursor = z.infer<typeof cursorSchema>;

type Lending = Pick<RescueProtocol<never>, "read" | "options" | "simulate" | "settle" | "classifyError">;

export class NamedAccounts implements RescueProtocol<NamedCursor> {
  private readonly ids: readonly string[];

  constructor(
    private readonly client: ChainClient,
    private readonly pool: string,
    accounts: ReadonlySet<string>,
    private readonly lending: Lending,
  ) {
    this.ids = [...accounts].map((account) => account.toLowerCase());
  }

  /** A cursor of something else is as good as none: all are told. @throws RetryableError NO_QUORUM */
  async discover(cursor: unknown): Promise<Discovered<NamedCursor>> {
    const before = cursorSchema.safeParse(cursor).data ?? { owing: [], clear: [] };
    const head = await this.client.head();
    const block = { number: head.number, hash: head.hash, timestamp: BigInt(head.timestamp) };
    const questions = this.ids.map((id): Question => {
      return { to: this.pool, abi: aaveAbi.pool, view: "getUserConfiguration", args: [id] };
    });
    const answers = await askEach(this.client, block, questions);
    const isOwing = new Map(this.ids.map((id, index) => [id, owes(answers[index]?.[0] as bigint | undefined)]));
    const found = this.ids.filter(
      (id) => !(isOwing.get(id) === true ? before.owing : [...before.owing, ...before.clear]).includes(id),
    );
    return {
      positions: found.map((id) => ({ id, operators: [id], sizeUnits: 0n })),
      cursor: {
        owing: this.ids.filter((id) => isOwing.get(id) === true),
        clear: this.ids.filter((id) => isOwing.get(id) !== true),
      },
    };
  }

  read(positions: readonly Position[], block: BlockRef): Promise<readonly Reading[]> {
    return this.lending.read(positions, block);
  }

  options(reading: Reading, wallet: string, block: BlockRef): Promise<readonly Action[]> {
    return this.lending.options(reading, wallet, block);
  }

  simulate(action: Action, wallet: string, block: BlockRef) {
    return this.lending.simulate(action, wallet, block);
  }

  settle(position: Position, since: number, block: BlockRef) {
    return this.lending.settle(position, since, block);
  }

  classifyError(error: unknown) {
    return this.lending.classifyError(error);
  }
}

/** Even bits are debts, odd ones collateral. */
const DEBT_BITS = BigInt(`0x${"55".repeat(32)}`);

/** Of whom nobody can tell it is assumed: a reading will say. */
function owes(uses: bigint | undefined): boolean {
  return uses === undefined || (uses & DEBT_BITS) !== 0n;
}
