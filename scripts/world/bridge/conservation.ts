/** What must hold between the two ends of the bridge, to the unit, whatever became of messages on their way. Reads no chain. */
import type { TokenName } from "../../../protocol/params/schema.js";

/** What both chains' logs say of one message: how often each thing happened. */
export interface CrossingFacts {
  readonly id: string;
  readonly token: TokenName;
  readonly amountUnits: bigint;
  /** On its source. */
  readonly sent: number;
  readonly refunded: number;
  /** On its destination. */
  readonly delivered: number;
}

/** One token at both ends, base units. */
export interface TokenFacts {
  readonly token: TokenName;
  /** At home: by the bridge's book, and what the bridge has. */
  readonly lockedUnits: bigint;
  readonly balanceUnits: bigint;
  /** Abroad: by the bridge's book, and what the token itself says was minted less burned in the bridge's transactions. */
  readonly mintedUnits: bigint;
  readonly issuedUnits: bigint;
}

/** Sent and neither paid nor paid back. */
export function isInFlight({ sent, delivered, refunded }: CrossingFacts): boolean {
  return sent > 0 && delivered === 0 && refunded === 0;
}

export function inFlightUnits(token: TokenName, crossings: readonly CrossingFacts[]): bigint {
  return crossings
    .filter((crossing) => crossing.token === token && isInFlight(crossing))
    .reduce((sum, { amountUnits }) => sum + amountUnits, 0n);
}

/**
 * Everything that is wrong; nothing: all is conserved. Per token what is locked at home is what was minted abroad and what is in flight, and
 * both books say what the tokens say. A message is sent once and ends once, and none arrives that was not sent.
 */
export function breaches(tokens: readonly TokenFacts[], crossings: readonly CrossingFacts[]): string[] {
  return [...tokens.flatMap((facts) => ofToken(facts, crossings)), ...crossings.flatMap(ofCrossing)];
}

function ofToken(facts: TokenFacts, crossings: readonly CrossingFacts[]): string[] {
  const { token, lockedUnits, balanceUnits, mintedUnits, issuedUnits } = facts;
  const inFlight = inFlightUnits(token, crossings);
  return [
    ...unless(
      balanceUnits === lockedUnits,
      `locked-differs ${token}: the bridge has ${String(balanceUnits)}, its book says ${String(lockedUnits)}`,
    ),
    ...unless(
      issuedUnits === mintedUnits,
      `minted-differs ${token}: the token says ${String(issuedUnits)}, the book ${String(mintedUnits)}`,
    ),
    ...unless(
      lockedUnits === mintedUnits + inFlight,
      `unbacked ${token}: locked ${String(lockedUnits)}, minted ${String(mintedUnits)} and in flight ${String(inFlight)}`,
    ),
  ];
}

function ofCrossing({ id, sent, delivered, refunded }: CrossingFacts): string[] {
  return [
    ...unless(sent <= 1, `sent-twice ${id}`),
    ...unless(delivered <= 1, `delivered-twice ${id}`),
    ...unless(refunded <= 1, `refunded-twice ${id}`),
    ...unless(delivered === 0 || refunded === 0, `delivered-and-refunded ${id}`),
    ...unless(sent > 0 || delivered + refunded === 0, `never-sent ${id}`),
  ];
}

function unless(holds: boolean, breach: string): string[] {
  return holds ? [] : [breach];
}
