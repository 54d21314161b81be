/** `npm run keeper -- NAME run|pause|drain|kill --reason`: what a person orders. */
import { hostname, userInfo } from "node:os";

import type { Database } from "../../../db/database.js";
import { readSigner, reviveSigner } from "../../../db/queries/outbox/signer.js";
import { PermanentError } from "../../../protocol/errors.js";
import type { ControlState } from "../../../db/queries/control/rows.js";
import type { ProgramResult } from "../program.js";
import { Control } from "./control.js";

export interface OperatorOrder {
  readonly role: string;
  readonly network: string;
  readonly state: ControlState;
  readonly reason: string;
  /** An account that a foreign nonce has killed, to sign again from the chain's nonce on. Only with `run`. */
  readonly revive?: { readonly address: string; readonly chainId: string; readonly nextNonce: bigint } | undefined;
  readonly say: (line: string) => void;
}

/** Who gives an order from this terminal. */
export function operator(): string {
  return `${userName()}@${hostname()}`;
}

/** @throws UsageError CONTROL_REASON; PermanentError SIGNER_UNKNOWN for an account that no outbox knows. */
export async function carryOut(db: Database, order: OperatorOrder): Promise<ProgramResult> {
  const { role, network, state, reason, revive, say } = order;
  const revived = revive === undefined ? null : await knownSigner(db, revive);
  const control = new Control(db, role, network, operator());
  const { before, after } = await control.order(
    {
      state,
      reason: revived === null ? reason : `${reason} (${revived} signs again)`,
      cause: "operator",
    },
    async (tx) => {
      if (revive !== undefined) await reviveSigner(tx, revive.chainId, revive.address, revive.nextNonce);
    },
  );
  say(`${role} on ${network}: ${before} → ${after.state} (${after.reason}, ${after.actor})`);
  const report = { keeper: role, network, before, state: after.state, reason: after.reason, actor: after.actor };
  return { ok: true, report: { ...report, revived } };
}

async function knownSigner(
  db: Database,
  { address, chainId }: { readonly address: string; readonly chainId: string },
): Promise<string> {
  if ((await readSigner(db, chainId, address)) !== undefined) return address;
  throw new PermanentError(
    "SIGNER_UNKNOWN",
    `no outbox of chain ${chainId} knows the account ${address}`,
    "give the address as `doctor` shows it",
    { address, chainId },
  );
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${String(process.getuid?.() ?? "?")}`;
  }
}
