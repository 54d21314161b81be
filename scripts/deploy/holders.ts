import { AbiCoder, getAddress, type Log } from "ethers";

import type { Blueprint } from "./blueprint.js";
import { allLogs } from "./logs.js";
import { outside } from "./setting.js";
import type { DifferenceCode, Setting, StepContext } from "./types.js";

const NOBODY = "nobody";
const FIX = "find out who changed it; the multisig can put it right through the timelock";

/** A list on the chain that must have exactly the expected members. */
export interface HolderList {
  readonly id: string;
  readonly at: string;
  readonly expected: readonly string[];
  read(): Promise<readonly string[]>;
  /** What a difference is called: somebody who should not be there, and somebody who is not there. */
  readonly extra: DifferenceCode;
  readonly missing: DifferenceCode;
}

/** The list as a setting. A member that is the deployer has a code of its own: he keeps nothing. */
export function holderList({ roles }: Blueprint, list: HolderList): Setting {
  const expected = listText(list.expected);
  const code = (found: string): DifferenceCode => {
    const extra = found.split(", ").filter((member) => member !== NOBODY && !expected.split(", ").includes(member));
    if (extra.includes(getAddress(roles.deployer))) return "DEPLOYER_RIGHT";
    return extra.length > 0 ? list.extra : list.missing;
  };
  return outside(list.id, list.at, expected, async () => listText(await list.read()), FIX, { code });
}

/** An owner, or who is about to become one. */
export function singleHolder(
  { roles }: Blueprint,
  id: string,
  at: string,
  expected: string,
  read: () => Promise<string>,
) {
  const code = (found: string): DifferenceCode =>
    found.toLowerCase() === roles.deployer.toLowerCase() ? "DEPLOYER_RIGHT" : "OWNER_CHANGED";
  return outside(id, at, expected, read, FIX, { code });
}

/** Addresses in one order, each once. */
export function listText(accounts: readonly string[]): string {
  return accounts.length === 0
    ? NOBODY
    : [...new Set(accounts.map((account) => getAddress(account)))].sort().join(", ");
}

/** Everybody whom the parameters name: asked for every right, whatever the events say. */
export function namedAccounts({ roles, params, timelock, stabilizer, mesh, pmmFactory }: Blueprint): readonly string[] {
  const contracts = [timelock, stabilizer, mesh, pmmFactory].map((contract) => contract.address);
  return [...Object.values(roles as unknown as Record<string, string>), ...params.reporters.addresses, ...contracts];
}

/** Logs of some contracts, read in one request when they are first asked for. */
export class LogBook {
  #logs: Promise<Log[]> | undefined;

  constructor(
    private readonly context: StepContext,
    private readonly addresses: readonly string[],
    private readonly topics: readonly string[],
  ) {}

  async of(at: string): Promise<readonly Log[]> {
    this.#logs ??= allLogs(this.context.provider, {
      address: [...new Set(this.addresses)],
      topics: [[...new Set(this.topics)]],
      fromBlock: this.context.fromBlock,
    });
    return (await this.#logs).filter((log) => log.address.toLowerCase() === at.toLowerCase());
  }
}

/** The account in an indexed event argument. */
export function accountIn(topic: string): string {
  return (AbiCoder.defaultAbiCoder().decode(["address"], topic) as unknown as [string])[0];
}

/** Those of the candidates, each asked once, for whom `holds` is true on the chain now. */
export async function holdersAmong(
  candidates: readonly string[],
  holds: (account: string) => Promise<boolean>,
): Promise<string[]> {
  const accounts = [...new Set(candidates.map((account) => getAddress(account)))];
  const held = await Promise.all(accounts.map(holds));
  return accounts.filter((_account, index) => held[index] === true);
}
