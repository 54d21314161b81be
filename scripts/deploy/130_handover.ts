import { id, ZeroHash } from "ethers";

import { M1Token__factory, Timelock__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { findDifferences } from "./inspect.js";
import { allLogs } from "./logs.js";
import { answer, governed, outside } from "./setting.js";
import { operationOf } from "./timelock.js";
import type { Call, Setting, Step, StepContext } from "./types.js";

/** The bootstrap minter disappears. */
export const mintersStep: Step = {
  id: "130_minters",
  title: "nobody mints who is not in the parameters",
  settings(context) {
    return tokenNames
      .filter((name) => !context.plan.tokens[name].adopted)
      .map((name) => noBootstrapMinter(context, name));
  },
};

function noBootstrapMinter({ plan, provider }: StepContext, name: TokenName): Setting {
  const at = plan.tokens[name].address;
  const token = contractAt(M1Token__factory, at, provider);
  const minter = plan.timelock.address;
  const role = id("MINTER_ROLE");
  const closed = { minter, mintCapacity: 0n, mintRefillPerSecond: 0n, burnCapacity: 0n, burnRefillPerSecond: 0n };
  const { interface: abi } = token;
  return {
    id: `${name}.bootstrapMinter`,
    at,
    expected: "none",
    read: async () =>
      (await token.hasRole(role, minter)) || (await token.mintAvailable(minter)) > 0n ? minter : "none",
    code: "ROLE_EXTRA",
    by: "timelock",
    calls: () => [
      {
        to: at,
        data: abi.encodeFunctionData("setMinterLimit", [closed]),
        label: `${name}.setMinterLimit(Timelock, 0)`,
      },
      {
        to: at,
        data: abi.encodeFunctionData("revokeRole", [role, minter]),
        label: `${name}.revokeRole(MINTER_ROLE, Timelock)`,
      },
    ],
  };
}

const ROLES = {
  proposer: id("PROPOSER_ROLE"),
  executor: id("EXECUTOR_ROLE"),
  canceller: id("CANCELLER_ROLE"),
} as const;
const ROLE_NAMES = Object.keys(ROLES) as (keyof typeof ROLES)[];

/**
 * The last batch: the delay, the multisig and the guardian come in, the deployer goes out, in one transaction. All settings together stay
 * below the size of a batch, so that there is no moment with nobody or with both halves missing.
 */
export const handoverStep: Step = {
  id: "140_handover",
  title: "the multisig governs, the deployer keeps nothing",
  settings(context) {
    const { plan, provider } = context;
    const at = plan.timelock.address;
    const timelock = contractAt(Timelock__factory, at, provider);
    const delay = String(plan.params.roles.timelockDelaySeconds);
    const changes = [
      governed(
        "Timelock.minDelay",
        at,
        delay,
        () => answer(timelock.getMinDelay()),
        {
          to: at,
          data: timelock.interface.encodeFunctionData("updateDelay", [delay]),
          label: `Timelock.updateDelay(${delay} s)`,
        },
        { code: "DELAY_CHANGED" },
      ),
      ...ROLE_NAMES.map((role) => holds(context, role, "admin", plan.roles.admin, true)),
      holds(context, "canceller", "guardian", plan.roles.guardian, true),
      ...ROLE_NAMES.map((role) => holds(context, role, "deployer", plan.roles.deployer, false)),
    ];
    return [...adminCode(context), noPendingOperations(context, changes), ...changes];
  },
};

function holds(
  { plan, provider }: StepContext,
  role: keyof typeof ROLES,
  who: string,
  account: string,
  wanted: boolean,
): Setting {
  const at = plan.timelock.address;
  const timelock = contractAt(Timelock__factory, at, provider);
  const { interface: abi } = timelock;
  const data = wanted
    ? abi.encodeFunctionData("grantRole", [ROLES[role], account])
    : abi.encodeFunctionData("revokeRole", [ROLES[role], account]);
  const verb = wanted ? "grantRole" : "revokeRole";
  return governed(
    `Timelock.${role}(${who})`,
    at,
    String(wanted),
    () => answer(timelock.hasRole(ROLES[role], account)),
    {
      to: at,
      data,
      label: `Timelock.${verb}(${role}, ${who} ${account})`,
    },
    { code: wanted ? "ROLE_MISSING" : "DEPLOYER_RIGHT" },
  );
}

/**
 * Orders that a killed run scheduled and never executed would wait for the multisig without any delay: they are cancelled. The handover
 * itself is left alone: cancelling it would make a run that is killed again and again schedule and cancel it forever.
 */
function noPendingOperations(context: StepContext, handover: readonly Setting[]): Setting {
  const { plan, provider } = context;
  const at = plan.timelock.address;
  const timelock = contractAt(Timelock__factory, at, provider);
  const pending = async (): Promise<string[]> => {
    const scheduled = await allLogs(provider, {
      address: at,
      topics: [timelock.interface.getEvent("CallScheduled").topicHash],
      fromBlock: context.fromBlock,
    });
    const ids = [...new Set(scheduled.map((log) => log.topics[1] ?? ZeroHash))];
    const waiting = await Promise.all(ids.map((operation) => timelock.isOperationPending(operation)));
    const calls: Call[] = [];
    for (const { setting } of await findDifferences(handover, context)) calls.push(...(await setting.calls()));
    const own = (await operationOf(timelock, calls)).id;
    return ids.filter((operation, index) => waiting[index] === true && operation !== own);
  };
  return {
    id: "Timelock.pendingOperations",
    at,
    expected: "none",
    read: async () => {
      const ids = await pending();
      return ids.length === 0 ? "none" : ids.join(", ");
    },
    by: "deployer",
    calls: async (): Promise<Call[]> =>
      (await pending()).map((operation) => ({
        to: at,
        data: timelock.interface.encodeFunctionData("cancel", [operation]),
        label: `Timelock.cancel(${operation})`,
      })),
    bootstrapOnly: true,
  };
}

/** A multisig has the same address on several chains only once somebody has made it there: until then another may take it. */
function adminCode({ plan, provider }: StepContext): Setting[] {
  if (plan.loaded.local) return [];
  const { admin } = plan.roles;
  return [
    outside(
      "roles.admin.code",
      plan.timelock.address,
      "a contract",
      async () => ((await provider.getCode(admin)) === "0x" ? "no code on this chain" : "a contract"),
      "create the multisig on this chain first; an account without code is one key, or an address somebody else can take",
    ),
  ];
}
