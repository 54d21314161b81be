import { AbiCoder, getAddress, id, ZeroAddress, ZeroHash } from "ethers";

import { M1Token__factory, SignedPriceFeed__factory } from "../../protocol/generated/contracts/index.js";
import { tokenNames } from "../../protocol/params/schema.js";
import { allLogs } from "./logs.js";
import { answer, outside } from "./setting.js";
import type { Setting, Step, StepContext } from "./types.js";

const NOBODY = "nobody";
const FIX = "find out who changed it; the multisig can put it right through the timelock";

/** Every role and owner on the chain, holder by holder: nobody may hold anything that the parameters do not give him. */
export const auditStep: Step = {
  id: "150_audit",
  title: "every role and owner",
  settings(context) {
    return [...owners(context), ...accessControl(context)];
  },
};

function owners({ plan, provider }: StepContext): Setting[] {
  const feeds = tokenNames.flatMap((name) => plan.feeds[name]).flatMap((feed) => feed.contract ?? []);
  const governed = [
    plan.oracle,
    plan.ledger,
    plan.mesh,
    plan.limits,
    plan.stabilizer,
    plan.pmmFactory,
    plan.dodoIntegration,
    plan.dodoProvider,
    plan.dodoObserver,
  ];
  return [...feeds, ...governed].flatMap((contract) => {
    // Any contract of ours with an owner: they all have OpenZeppelin's two functions.
    const handle = SignedPriceFeed__factory.connect(contract.address, provider);
    return [
      outside(`${contract.name}.owner`, contract.address, plan.timelock.address, () => answer(handle.owner()), FIX),
      outside(`${contract.name}.pendingOwner`, contract.address, ZeroAddress, () => answer(handle.pendingOwner()), FIX),
    ];
  });
}

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
      roles: { DEFAULT_ADMIN_ROLE: [timelock], MINTER_ROLE: [], PAUSER_ROLE: [guardian], FREEZER_ROLE: [guardian] },
    }));
  const governance = {
    DEFAULT_ADMIN_ROLE: [timelock],
    PROPOSER_ROLE: [admin],
    EXECUTOR_ROLE: [admin],
    CANCELLER_ROLE: [admin, guardian],
  };
  return [{ contract: "Timelock", at: timelock, roles: governance }, ...tokens];
}

/** Holders are read from all grants and revocations ever made: AccessControl has no list to ask. */
function accessControl(context: StepContext): Setting[] {
  const tables = intendedRoles(context);
  let holders: Promise<ReadonlyMap<string, readonly string[]>> | undefined;
  const settings = tables.flatMap((table) => {
    const known = Object.entries(table.roles).map(([role, expected]) => {
      const key = roleKey(table.at, role === "DEFAULT_ADMIN_ROLE" ? ZeroHash : id(role));
      return outside(
        `${table.contract}.${role}`,
        table.at,
        listText(expected),
        async () => {
          holders ??= readHolders(context, tables);
          return listText((await holders).get(key) ?? []);
        },
        FIX,
      );
    });
    const roleHashes = Object.keys(table.roles).map((role) => (role === "DEFAULT_ADMIN_ROLE" ? ZeroHash : id(role)));
    const knownKeys = new Set(roleHashes.map((hash) => roleKey(table.at, hash)));
    const unknown = outside(
      `${table.contract}.otherRoles`,
      table.at,
      NOBODY,
      async () => {
        holders ??= readHolders(context, tables);
        const others = [...(await holders)].filter(
          ([key, list]) => key.startsWith(table.at.toLowerCase()) && !knownKeys.has(key) && list.length > 0,
        );
        return listText(others.flatMap(([, list]) => list));
      },
      FIX,
    );
    return [...known, unknown];
  });
  return settings;
}

function roleKey(contract: string, role: string): string {
  return `${contract.toLowerCase()}/${role}`;
}

function listText(accounts: readonly string[]): string {
  return accounts.length === 0
    ? NOBODY
    : [...new Set(accounts.map((account) => getAddress(account)))].sort().join(", ");
}

async function readHolders(
  context: StepContext,
  tables: readonly RoleTable[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const abi = M1Token__factory.createInterface();
  const granted = abi.getEvent("RoleGranted").topicHash;
  const revoked = abi.getEvent("RoleRevoked").topicHash;
  const logs = await allLogs(context.provider, {
    address: tables.map((table) => table.at),
    topics: [[granted, revoked]],
    fromBlock: context.fromBlock,
  });
  const holders = new Map<string, readonly string[]>();
  for (const log of logs) {
    const [event, role = ZeroHash, account = ZeroHash] = log.topics;
    const [holder] = AbiCoder.defaultAbiCoder().decode(["address"], account) as unknown as [string];
    const key = roleKey(log.address, role);
    const others = (holders.get(key) ?? []).filter((other) => other !== holder);
    holders.set(key, event === granted ? [...others, holder] : others);
  }
  return holders;
}
