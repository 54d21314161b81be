/**
 * The keys of a process: each is the configured one, none has a second office, and none holds a power beyond its own. No key may both act
 * and define the measure of its action (Volo, 2026-04-21).
 */
import type { Deployment } from "../../protocol/addresses.js";
import type { NetworkParams } from "../../protocol/params/schema.js";
import type { ChainConnection } from "./chain.js";
import type { CheckPlan } from "./doctor.js";
import { powersOf, type Power } from "./powers.js";

/** A key of the process, and what it may be. */
export interface KeyOffice {
  /** For people: "executor", "round signer". */
  readonly what: string;
  readonly address: string;
  /** The address that the parameters name for it; undefined where they name none. */
  readonly expected?: string | undefined;
  /** Offices of the parameters that it may hold: paths such as `roles.keeper`, or how they begin. */
  readonly offices: readonly string[];
  /** Powers on chain that it may hold: how they end, such as `.isKeeper`. */
  readonly powers: readonly string[];
  /** Powers that it should hold. */
  readonly needed?: readonly Power[];
}

/** Checks whose failure keeps a keeper from starting. */
export const KEY_GATE = ["key-address", "distinct-keys", "excess-role"] as const;

/** `key-address`, `distinct-keys`, `excess-role` and `role`, for all keys at once. */
export function keyRoleChecks(
  { client }: Pick<ChainConnection, "client">,
  params: () => NetworkParams,
  deployment: () => Deployment,
  keys: () => Promise<readonly KeyOffice[]>,
): CheckPlan[] {
  let asked: Promise<readonly (KeyOffice & { readonly held: readonly Power[] })[]> | undefined;
  const holders = () => (asked ??= askAll());
  return [
    {
      name: "key-address",
      expected: "each key is the one that the parameters name",
      fix: "use the key of roles.keeper, or have the parameters reviewed",
      needs: ["key"],
      look: async () => {
        const wrong = (await keys()).filter(
          ({ address, expected }) => expected !== undefined && !same(address, expected),
        );
        const listed = wrong.map(({ what, address, expected }) => `${what} is ${address}, not ${String(expected)}`);
        return { ok: wrong.length === 0, found: listed.length === 0 ? "as configured" : listed.join(", ") };
      },
    },
    {
      name: "distinct-keys",
      expected: "executor, reporter, guardian, admin and the others are different keys",
      fix: "give each office a key of its own",
      needs: ["key"],
      look: async () => {
        const own = await keys();
        const found = [...doubleOffices(own, params()), ...twins(own)];
        return { ok: found.length === 0, found: found.length === 0 ? "all different" : found.join(", ") };
      },
    },
    {
      name: "excess-role",
      expected: "no power in any contract of the record beyond the keeper's own",
      fix: "take the role from this address (timelock), or use another key",
      needs: ["chain-id", "key"],
      look: async () => {
        const excess = (await holders()).flatMap(({ what, address, powers, held }) => {
          const beyond = held.filter((power) => !powers.some((ending) => power.endsWith(ending)));
          return beyond.length > 0 ? [`${what} ${address}: ${beyond.join(", ")}`] : [];
        });
        return { ok: excess.length === 0, found: excess.length === 0 ? "none" : excess.join("; ") };
      },
    },
    {
      name: "role",
      expected: "the powers of the keeper's own role",
      fix: "have the timelock name this address: npx hardhat deploy",
      needs: ["excess-role"],
      look: async () => {
        const missing = (await holders()).flatMap(({ what, needed = [], held }) =>
          needed.filter((power) => !held.includes(power)).map((power) => `${what} lacks ${power}`),
        );
        return { ok: missing.length === 0, found: missing.length === 0 ? "held" : missing.join(", ") };
      },
    },
  ];

  async function askAll() {
    const found = [];
    for (const key of await keys()) found.push({ ...key, held: await powersOf(client, deployment(), key.address) });
    return found;
  }
}

/** Offices of the parameters that a key of this process holds beside its own. */
export function doubleOffices(keys: readonly KeyOffice[], { roles, reporters }: NetworkParams): string[] {
  const named: [path: string, address: string | null][] = [
    ...(["deployer", "admin", "guardian", "keeper", "treasury"] as const).map((role): [string, string | null] => [
      `roles.${role}`,
      roles[role],
    ]),
    ...reporters.addresses.map((address, index): [string, string] => [`reporters.addresses.${String(index)}`, address]),
  ];
  return keys.flatMap(({ what, address, offices }) =>
    named
      .filter(
        ([path, holder]) =>
          holder !== null && same(holder, address) && !offices.some((office) => path.startsWith(office)),
      )
      .map(([path]) => `${what} is also ${path}`),
  );
}

/** One address for two offices of this process. */
function twins(keys: readonly KeyOffice[]): string[] {
  return keys.flatMap((key, index) =>
    keys
      .slice(index + 1)
      .flatMap((other) => (same(key.address, other.address) ? [`${key.what} is also ${other.what}`] : [])),
  );
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
