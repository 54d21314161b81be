import { readFileSync } from "node:fs";

import { lamports, type Address } from "@solana/kit";
import { expect } from "chai";

import { describeWith } from "../../helpers/describeWith.js";
import { callsOf, type Call, type CallName } from "../../helpers/solanaVault/calls.js";
import { Checkpoint } from "../../helpers/solanaVault/checkpoint.js";
import { Stage } from "../../helpers/solanaVault/stage.js";

const STATES = ["Running", "Paused", "Frozen", "Vault frozen"] as const;
type State = (typeof STATES)[number];

interface Row {
  readonly instruction: CallName;
  readonly kind: string;
  readonly cells: Readonly<Record<State, string>>;
}

/** The table of docs/spec.md, "Solana: what each state stops". */
function readTable(): readonly Row[] {
  const [, section = ""] = readFileSync("docs/spec.md", "utf8").split("### Solana: what each state stops");
  const [table = ""] = section.split("\n## ");
  return table
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const [name = "", kind = "", ...cells] = line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim());
      const instruction = name.replaceAll("`", "").replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      const byState = Object.fromEntries(STATES.map((state, index) => [state, cells[index] ?? ""]));
      return { instruction: instruction as CallName, kind, cells: byState as Row["cells"] };
    });
}

describeWith("ownCluster", "what each state of the collateral vault stops", () => {
  let stage: Stage;
  let calls: Readonly<Record<CallName, Call>>;
  /** Rows that have two kinds of call, and rows whose state the call would otherwise bring about itself. */
  let special: Readonly<Record<string, Call>>;

  before(async () => {
    stage = await Stage.create();
    const [side] = stage.sides;
    const { instructions: make, roles } = stage.rig;
    calls = callsOf(stage, side);
    const at = stage.lockOf(side);
    const [first] = side.owners;
    special = {
      "setProgramLockCap higher": { make: () => make.setProgramLockCap(at, 700n) },
      "setProgramLockCap lower": calls.setProgramLockCap,
      "changeSecurity loosening": { make: () => make.changeSecurity(side.vault, { kind: "addWallet", wallet: first }) },
      "changeSecurity tightening": calls.changeSecurity,
      "setLimits higher": {
        make: () => make.setLimits(at, { perTransaction: 500n, capacity: 500n, refillPerDay: 500n }),
      },
      "setLimits lower": calls.setLimits,
      "createMultiSig waiting": calls.createMultiSig,
      "createMultiSig at once": {
        make: () => make.createMultiSig(side.plain, { owners: [first], threshold: 1 }, side.payer),
        vaultOwner: side.plain.owner,
      },
      "changeMultiSig loosening": { make: () => make.changeMultiSig(side.vault, { owners: [], threshold: 0 }) },
      "changeMultiSig tightening": calls.changeMultiSig,
      requestUnpause: { make: () => make.requestUnpause(roles.admin.address) },
      unpause: { make: () => make.unpause(side.newcomer) },
    };
  });

  const enter = async (state: State, call: Call): Promise<void> => {
    const { instructions: make, roles } = stage.rig;
    const [{ multiSig, vault }] = stage.sides;
    if (state === "Paused") await stage.must(make.pause(roles.guardian.address));
    if (state === "Frozen") await stage.must(make.freezeAll(multiSig, 3_600n));
    if (state !== "Vault frozen") return;
    const owner = "vaultOwner" in call ? call.vaultOwner : vault.owner;
    if (owner === vault.owner) await stage.must(make.freezeVault(vault, 3_600n));
    else if (owner !== undefined) await freezePlain(stage, owner);
  };

  it("COL-3 stops in each state what the table of docs/spec.md says, and nothing else", async () => {
    const rows = readTable();
    const named = new Set(rows.map(({ instruction }) => instruction));
    const all = stage.rig.program.idl.instructions
      .map(({ name }) => name)
      .filter((name) => name !== "initializeAuthority");
    expect([...named].sort()).to.deep.equal(all.sort());
    const found: string[] = [];
    const expected: string[] = [];
    const checkpoint = new Checkpoint(stage.rig);
    for (const { instruction, kind, cells } of rows) {
      const name = `${instruction} ${kind}`.trim();
      const call = special[name] ?? calls[instruction];
      for (const state of STATES) {
        const isPauseRow = special[name] === call && (instruction === "unpause" || instruction === "requestUnpause");
        if (!isPauseRow) await call.prepare?.();
        for (const address of await vaultAddresses(stage, call)) checkpoint.keep(address);
        await enter(state, call);
        const sent = await stage.run(await call.make());
        found.push(`${name} | ${state} | ${sent.error ?? "yes"}`);
        expected.push(`${name} | ${state} | ${cells[state]}`);
        checkpoint.back();
      }
    }
    expect(found).to.deep.equal(expected);
    expect(found.length).to.equal(rows.length * STATES.length);
  });
});

async function vaultAddresses(stage: Stage, { vaultOwner }: Call): Promise<Address[]> {
  return vaultOwner === undefined ? [] : [await stage.rig.addresses.vault(vaultOwner)];
}

/** A vault without a multi-sig cannot freeze itself: the freeze of its account is written, which is what it would look like. */
async function freezePlain({ rig }: Stage, owner: Address): Promise<void> {
  const address = await rig.addresses.vault(owner);
  const account = rig.svm.getAccount(address);
  if (!account.exists) throw new Error("no vault");
  const data = Uint8Array.from(account.data);
  const view = new DataView(data.buffer);
  // discriminator, owner, seq_num, config_version, last_withdrawal_timestamp, then frozen_at and frozen_until
  view.setBigInt64(8 + 32 + 24, rig.now, true);
  view.setBigInt64(8 + 32 + 32, rig.now + 3_600n, true);
  rig.svm.setAccount({ ...account, data, lamports: lamports(account.lamports) });
  if (rig.read("vault", address).frozenUntil !== rig.now + 3_600n) throw new Error("the vault's layout has changed");
}
