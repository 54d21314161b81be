/** Reads PegBoard: how each token's peg stands, and what pokes the managers. */
import { PermanentError } from "./errors.js";
import { IPegBoard__factory, type IPegBoard } from "./generated/contracts/index.js";
import { formatWadAsBps } from "./units.js";

/** IPegManager.State in order. The order is ABI, and severity. */
export const PEG_STATES = ["NORMAL", "DEVIATING", "DEFENDING", "HALTED"] as const;
export type PegState = (typeof PEG_STATES)[number];

/** One token as PegBoard tells it. */
export interface PegView {
  readonly token: string;
  /** false: its manager did not answer; nothing below means anything. */
  readonly readable: boolean;
  /** The state that counts, and the measured one: they differ while a veto lasts. */
  readonly state: PegState;
  readonly measured: PegState;
  readonly pokeDue: boolean;
  readonly priceKnown: boolean;
  readonly priceUsdWad: bigint;
  readonly priceDeviationWad: bigint;
  readonly vetoUntil: bigint;
}

/** How a token's peg stands, for reports: the last three are null while nobody knows. */
export interface PegReport {
  readonly state: PegState | "UNREADABLE";
  readonly measured: PegState | "UNREADABLE";
  readonly priceUsdWad: string | null;
  readonly priceDeviationBps: number | null;
  /** Unix seconds; null without a veto in force. */
  readonly vetoUntil: string | null;
}

/** The ABI that names this contract's reverts first. */
export const pegBoardAbi = IPegBoard__factory.createInterface();
type RawStatus = Awaited<ReturnType<IPegBoard["status"]>>;

/** A poke asks its manager for this much gas before the price, and for less before each pool: IPegManager's PRICE_GAS and POOL_GAS. */
const POKE_GAS_BASE = 1_600_000n;
const POKE_GAS_PER_TOKEN = 900_000n;

/** Gas limit of a transaction that pokes `tokens` tokens; what is not used is not paid. */
export function pokeGasLimit(tokens: number): bigint {
  return POKE_GAS_BASE + POKE_GAS_PER_TOKEN * BigInt(tokens);
}

/** The call that reads every token. */
export function pegStatusCall(boardAddress: string): { readonly to: string; readonly data: string } {
  return { to: boardAddress, data: pegBoardAbi.encodeFunctionData("status") };
}

/** Calldata that pokes these tokens. */
export function encodePoke(tokens: readonly string[]): string {
  return pegBoardAbi.encodeFunctionData("poke", [[...tokens]]);
}

/** Decodes the board's answer. */
export function decodePegStatus(data: string): readonly PegView[] {
  const [list] = pegBoardAbi.decodeFunctionResult("status", data) as unknown as [RawStatus];
  return list.map((entry) => ({
    token: entry.token,
    readable: entry.readable,
    state: pegState(entry.state),
    measured: pegState(entry.measured),
    pokeDue: entry.pokeDue,
    priceKnown: entry.priceKnown,
    priceUsdWad: entry.priceUsdWad,
    priceDeviationWad: entry.priceDeviationWad,
    vetoUntil: entry.vetoUntil,
  }));
}

/** Name of a state as the contract encodes it. @throws PermanentError PEG_STATE_UNKNOWN when the contract is newer than this list. */
export function pegState(value: bigint): PegState {
  const state = PEG_STATES[Number(value)];
  if (state !== undefined) return state;
  throw new PermanentError(
    "PEG_STATE_UNKNOWN",
    `a peg manager answered state ${value.toString()}; this program knows 0 … ${String(PEG_STATES.length - 1)}`,
    "update the program to the version of the contracts",
  );
}

/** Keyed by the name that `nameOf` gives a token. `nowSeconds`: of the chain. */
export function pegReport(
  views: readonly PegView[],
  nameOf: (address: string) => string,
  nowSeconds: bigint,
): Record<string, PegReport> {
  const entries = views.map((view): [string, PegReport] => {
    const known = view.readable && view.priceKnown;
    return [
      nameOf(view.token),
      {
        state: view.readable ? view.state : "UNREADABLE",
        measured: view.readable ? view.measured : "UNREADABLE",
        priceUsdWad: known ? view.priceUsdWad.toString() : null,
        priceDeviationBps: known ? Number(formatWadAsBps(view.priceDeviationWad)) : null,
        vetoUntil: view.readable && view.vetoUntil > nowSeconds ? view.vetoUntil.toString() : null,
      },
    ];
  });
  return Object.fromEntries(entries);
}
