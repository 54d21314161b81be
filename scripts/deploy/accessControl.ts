import { id, ZeroHash } from "ethers";

import { M1Token__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { reservedTokenNames, tokenNames, type TokenName } from "../../protocol/params/schema.js";
import type { Blueprint } from "./blueprint.js";
import { lanesOf, type Crossing } from "./bridge.js";
import { ccipLanesOf } from "./ccip.js";
import { accountIn, holderList, holdersAmong, LogBook, namedAccounts } from "./holders.js";
import type { Setting, StepContext } from "./types.js";

interface RoleTable {
  readonly contract: string;
  readonly at: string;
  /** Role name to its intended holders. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

function intendedRoles({ plan }: StepContext): RoleTable[] {
  const { admin, guardian } = plan.roles;
  const timelock = plan.timelock.address;
  const tokens = tokenNames
    .filter((name) => !plan.tokens[name].adopted)
    .map((name) => ({
      contract: name,
      at: plan.tokens[name].address,
      roles: {
        DEFAULT_ADMIN_ROLE: [timelock],
        MINTER_ROLE: [...vaultOf(plan, name), ...mintingBridge(plan, name)],
        REDEEMER_ROLE: vaultOf(plan, name),
        PAUSER_ROLE: [guardian],
        FREEZER_ROLE: [guardian],
      },
    }));
  const governance = {
    DEFAULT_ADMIN_ROLE: [timelock],
    PROPOSER_ROLE: [admin],
    EXECUTOR_ROLE: [admin],
    CANCELLER_ROLE: [admin, guardian],
  };
  return [{ contract: "Timelock", at: timelock, roles: governance }, ...tokens];
}

function vaultOf({ reserves }: Blueprint, name: TokenName): string[] {
  return reservedTokenNames
    .filter((reserved) => reserved === name)
    .map((reserved) => reserves.vaults[reserved].address);
}

function mintingBridge(plan: Blueprint, name: TokenName): string[] {
  const mints = (lane: Crossing) => lane.name === name && lane.mode === "MINT";
  return [
    ...(lanesOf(plan).some(mints) ? [plan.bridge.bridge.address] : []),
    ...(plan.ccip !== undefined && ccipLanesOf(plan).some(mints) ? [plan.ccip.adapter.address] : []),
  ];
}

/**
 * Holders of OpenZeppelin's roles. The contracts have no list of them: asked is everybody who was ever granted the role, and everybody
 * whom the parameters name, so that neither a holder without an event nor an event without a holder is believed.
 */
export function accessControl(context: StepContext): Setting[] {
  const tables = intendedRoles(context);
  const granted = M1Token__factory.createInterface().getEvent("RoleGranted").topicHash;
  const book = new LogBook(
    context,
    tables.map((table) => table.at),
    [granted],
  );
  return tables.flatMap((table) => [
    ...Object.entries(table.roles).map(([name, expected]) => knownRole(context, book, table, name, expected)),
    otherRoles(context, book, table),
  ]);
}

function hashOf(role: string): string {
  return role === "DEFAULT_ADMIN_ROLE" ? ZeroHash : id(role);
}

function knownRole(
  { plan, provider }: StepContext,
  book: LogBook,
  { contract, at }: RoleTable,
  name: string,
  expected: readonly string[],
): Setting {
  const role = hashOf(name);
  const handle = contractAt(M1Token__factory, at, provider);
  return holderList(plan, {
    id: `${contract}.${name}`,
    at,
    expected,
    read: async () => {
      const granted = (await book.of(at)).filter((log) => log.topics[1] === role);
      const candidates = [...granted.map((log) => accountIn(log.topics[2] ?? ZeroHash)), ...expected];
      return holdersAmong([...candidates, ...namedAccounts(plan)], (account) => handle.hasRole(role, account));
    },
    extra: "ROLE_EXTRA",
    missing: "ROLE_MISSING",
  });
}

/** Roles that the contract's own code does not know give no right today, but somebody granted them. */
function otherRoles({ plan, provider }: StepContext, book: LogBook, { contract, at, roles }: RoleTable): Setting {
  const known = Object.keys(roles).map(hashOf);
  const handle = contractAt(M1Token__factory, at, provider);
  return holderList(plan, {
    id: `${contract}.otherRoles`,
    at,
    expected: [],
    read: async () => {
      const grants = (await book.of(at)).filter((log) => !known.includes(log.topics[1] ?? ZeroHash));
      const holders = grants.map(async (log) => {
        const [, role = ZeroHash, account = ZeroHash] = log.topics;
        return holdersAmong([accountIn(account)], (candidate) => handle.hasRole(role, candidate));
      });
      return (await Promise.all(holders)).flat();
    },
    extra: "ROLE_EXTRA",
    missing: "ROLE_MISSING",
  });
}
