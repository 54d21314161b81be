/** Who of the public development accounts does what on the chains of this machine: one table, so that nobody gets another one's nonces. */
import type { HDNodeWallet } from "ethers";

import { developmentAccounts } from "../../protocol/params/rules.js";

/** By their numbers, of which nodes fund the first 21 (hardhat.config.ts). Those from 1 to 7, and 30 to 32, have offices in the parameters. */
export const LOCAL_ACCOUNTS = {
  /** Who deploys: `roles.deployer`. */
  deployer: [0],
  operator: [8],
  traders: [9, 10, 11, 12, 13],
  arbitrageur: [14],
  attacker: [15],
  /** Pays for price rounds. */
  reporterPayer: [16],
  /** Trades between the chains. */
  arbitrage: [18],
  /** Pay for what attestors carry. */
  attestorPayers: [17, 19, 20],
} as const satisfies Readonly<Record<string, readonly number[]>>;
export type LocalOffice = keyof typeof LOCAL_ACCOUNTS;

/** The wallet of an office, or of the `place`-th of several. @throws Error where the table has none, or where an account has two offices. */
export function localWallet(office: LocalOffice, place = 0): HDNodeWallet {
  return walletIn(LOCAL_ACCOUNTS, office, place);
}

export function localAddress(office: LocalOffice, place = 0): string {
  return localWallet(office, place).address;
}

/** All of an office. */
export function localAddresses(office: LocalOffice): readonly string[] {
  return LOCAL_ACCOUNTS[office].map((_, place) => localAddress(office, place));
}

/** The same, of any table. */
export function walletIn(
  table: Readonly<Record<string, readonly number[]>>,
  office: string,
  place: number,
): HDNodeWallet {
  const all = Object.values(table).flat();
  const doubled = all.find((number, at) => all.indexOf(number) !== at);
  if (doubled !== undefined) throw new Error(`development account ${String(doubled)} has two offices`);
  const number = table[office]?.[place];
  const wallet = number === undefined ? undefined : developmentAccounts()[number];
  if (wallet === undefined) throw new Error(`there is no development account for ${office} ${String(place)}`);
  return wallet;
}
