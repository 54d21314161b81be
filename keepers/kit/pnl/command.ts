/** `npm run keeper -- NAME pnl`: what a keeper has really gained and paid. */
import type { Queryable } from "../../../db/database.js";
import { accountBalances } from "../../../db/queries/pnl/balances.js";
import { realisedResult } from "../../../db/queries/pnl/result.js";
import type { ProgramResult } from "../program.js";

export interface PnlCommand {
  readonly role: string;
  readonly network: string;
  readonly chainId: string;
  readonly hours: number;
  readonly say: (line: string) => void;
}

/** Realised results of the last hours, from settled transactions only. */
export async function pnlCommand(db: Queryable, command: PnlCommand): Promise<ProgramResult> {
  const { role, network, chainId, hours, say } = command;
  const result = await realisedResult(db, role, chainId, hours);
  const accounts = await accountBalances(db, role, chainId, hours);
  const own: Record<string, bigint> = {};
  for (const { account, asset, amount } of accounts) {
    if (account.startsWith("own:")) own[asset] = (own[asset] ?? 0n) + amount;
  }
  say(
    `${role} on ${network}, last ${String(hours)} h: ${result.entries.toString()} settled, ${result.reversals.toString()} taken back`,
  );
  for (const { account, asset, amount } of accounts)
    say(`  ${account.padEnd(50)} ${asset.padEnd(44)} ${amount.toString()}`);
  say(`result ${result.resultXauWei.toString()} XAU wei (${result.unpriced.toString()} transactions without a price)`);
  const counts = {
    entries: Number(result.entries),
    reversals: Number(result.reversals),
    unpriced: Number(result.unpriced),
  };
  return {
    ok: true,
    report: { keeper: role, network, hours, ...counts, resultXauWei: result.resultXauWei, ownUnits: own, accounts },
  };
}
