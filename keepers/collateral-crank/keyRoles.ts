/** What the crank's key must not be: it pays fees, and nothing else may depend on it. Pure. */
import type { Address } from "@solana/kit";

import type { Observation } from "./types.js";

/** Roles that strangers may give to any key in vaults of their own: a reason to take another key at the next start, none to stop. */
export const GIVEN_BY_ANYBODY: ReadonlySet<string> = new Set(["multi-sig owner", "vetoer"]);

/** What an unset address of an account looks like; also who pays where there is no key. */
const NOBODY = "11111111111111111111111111111111";

/** Roles that `key` holds or may accept, by name. `mayOwnVault`: a vault that collects the rewards of liquidations. */
export function rolesOf(key: Address, seen: Observation, mayOwnVault: boolean): readonly string[] {
  if (key === NOBODY) return [];
  const { authority } = seen;
  const freezers = [authority?.freezeMultiSig, authority?.pendingFreezeMultiSig];
  const houses = new Set([...seen.markets.values()].map(({ houseVault }) => houseVault));
  const named: (readonly [string, readonly (string | null | undefined)[]])[] = [
    ["upgrade authority", [...seen.programData.values()].map(({ upgradeAuthority }) => upgradeAuthority)],
    ["admin", [authority?.admin, authority?.pendingAdmin]],
    ["guardian", [authority?.guardian, authority?.pendingGuardian]],
    ["freeze multi-sig", freezers],
    ...[...seen.vaults].map(([vault, { owner }]): [string, string[]] => {
      const isHouse = houses.has(vault);
      return [isHouse ? "house" : "vault owner", mayOwnVault && !isHouse ? [] : [owner]];
    }),
    ...[...seen.multiSigs].map(([address, { owners, pendingOwners }]): [string, readonly string[]] => [
      freezers.includes(address) ? "owner of the freeze multi-sig" : "multi-sig owner",
      [...owners, ...(pendingOwners?.value.owners ?? [])],
    ]),
    ...[...seen.securityConfigs.values()].map(({ vetoer, pendingVetoer }): [string, (string | undefined)[]] => [
      "vetoer",
      [vetoer, pendingVetoer?.value],
    ]),
    ...[...seen.markets.values()].map(({ admin, pendingAdmin }): [string, string[]] => [
      "market admin",
      [admin, pendingAdmin],
    ]),
    ...[...seen.prices.values()].map(({ authority: writer, pendingAuthority }): [string, string[]] => [
      "price authority",
      [writer, pendingAuthority],
    ]),
  ];
  return [...new Set(named.filter(([, holders]) => holders.includes(key)).map(([role]) => role))];
}
