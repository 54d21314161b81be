/** From a program's event to rows of our records: one for each account whose state it tells. */
import type { EventRow, EventStatus } from "../../db/queries/collateral/rows.js";
import type { VaultEvent } from "../../protocol/solana/vaultProgram.js";
import { canonicalJson } from "../kit/policy/canonical.js";

/** Where an event stands. */
export interface EventPlace {
  readonly signature: string;
  readonly eventIndex: number;
  readonly slot: bigint;
  readonly blockTime: bigint | null;
  readonly status: EventStatus;
}

/** Whose a balance is, as far as is known. */
export type BalanceOwner = (balance: string) => { readonly vault: string; readonly mint: string } | undefined;

type Told = Pick<EventRow, "subject"> & Partial<EventRow>;

/** @param authority address of the program's configuration, whose events do not name it. */
export function eventRows(
  event: VaultEvent,
  place: EventPlace,
  ownerOf: BalanceOwner,
  authority: string,
): readonly EventRow[] {
  const body = canonicalJson(event.data);
  const empty = { seqNum: null, vault: null, mint: null, program: null, amount: null, total: null, locked: null };
  return tellings(event, ownerOf, authority).map((told) => ({ ...place, kind: event.name, ...empty, ...told, body }));
}

function tellings(event: VaultEvent, ownerOf: BalanceOwner, authority: string): readonly Told[] {
  switch (event.name) {
    case "deposited":
      return [money(event.data.balance, event.data.received, event.data.ledger)];
    case "withdrawn":
      return [money(event.data.balance, event.data.amount, event.data.ledger)];
    case "locked":
    case "unlocked":
    case "lockReleased":
      return [{ ...money(event.data.balance, event.data.amount, event.data.ledger), program: event.data.programId }];
    case "collateralTransferred": {
      const { source, destination, amount, received, programId: program, sourceLedger, destinationLedger } = event.data;
      return [
        { ...money(source, amount, sourceLedger), kind: "collateralPaid", program },
        { ...money(destination, received, destinationLedger), kind: "collateralReceived", program },
      ];
    }
    case "balanceOpened": {
      const { vault, mint, seqNum } = event.data;
      return [{ subject: vault, vault, mint, seqNum }];
    }
    case "withdrawalRequested": {
      const { vault, balance, amount, seqNum } = event.data;
      return [{ subject: vault, vault, mint: ownerOf(balance)?.mint ?? null, amount, seqNum }];
    }
    case "proposalChanged":
    case "proposalClosed":
      return [{ subject: event.data.proposal, seqNum: event.data.seqNum }];
    case "allFrozen":
    case "pauseSet":
    case "roleSet":
      return [{ subject: authority, seqNum: event.data.seqNum }];
    case "programSet":
    case "programConfirmed":
      return [{ subject: event.data.programId, program: event.data.programId, seqNum: event.data.seqNum }];
    default:
      return [{ subject: event.data.vault, vault: event.data.vault, seqNum: event.data.seqNum }];
  }

  function money(
    subject: string,
    amount: bigint,
    { total, locked, seqNum }: { readonly total: bigint; readonly locked: bigint; readonly seqNum: bigint },
  ): Told {
    const owner = ownerOf(subject);
    return { subject, amount, total, locked, seqNum, vault: owner?.vault ?? null, mint: owner?.mint ?? null };
  }
}
