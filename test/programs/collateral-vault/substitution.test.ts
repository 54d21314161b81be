import type { Address } from "@solana/kit";
import { expect } from "chai";

import { describeWith } from "../../helpers/describeWith.js";
import { callsOf, type CallName } from "../../helpers/solanaVault/calls.js";
import { Checkpoint } from "../../helpers/solanaVault/checkpoint.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import { VaultRig } from "../../helpers/solanaVault/rig.js";
import { signersOf, Stage } from "../../helpers/solanaVault/stage.js";
import { substitutionsOf, type Kind, type Substitution } from "../../helpers/solanaVault/substitutions.js";

/** Substitutions that may succeed, as `instruction account kind by`, and why they harm nobody. */
const HARMLESS: readonly (readonly [RegExp, string])[] = [
  [/^\w+ payer (system|sibling|twice (owner|authority|admin|upgradeAuthority))$/, "whoever signs to pay may pay"],
  [
    /^unpause signer (system|clone|sibling|otherType|empty|program|twice vaultAuthority)$/,
    "anybody ends a pause that is over",
  ],
  [
    /^\w+ signer twice multiSigVault$/,
    "the multi-sig is the vault's authority, and signs through executed proposals only",
  ],
  [
    /^(cancelWithdrawal|vetoProgramLockCap|vetoLimits|vetoMultiSig) securityConfig absent$/,
    "an owner of the multi-sig may, with a security configuration or without",
  ],
  [/^executeWithdrawal authority absent$/, "anybody executes what delivers what was asked for"],
  [/^(setLimits|vetoLimits) balance otherMint$/, "the valid call for that mint: nothing else in it is about a mint"],
];

/** What the runtime, Anchor and the token programs say; every other name is one of our own errors. */
const FOREIGN = [
  "AccountBorrowFailed",
  "AccountDiscriminatorMismatch",
  "AccountNotInitialized",
  "AccountNotSigner",
  "AccountOwnedByWrongProgram",
  "ConstraintAddress",
  "ConstraintClose",
  "ConstraintMut",
  "ConstraintSeeds",
  "ExternalAccountLamportSpend",
  "InvalidArgument",
  "InvalidProgramId",
  "PrivilegeEscalation",
  "ResultWithNegativeLamports",
  "UnsupportedSysvar",
];

const keyOf = ({ account, kind, by }: Substitution, name: CallName): string =>
  [name, account, kind, ...(by === undefined ? [] : [by])].join(" ");

/** Accounts that are the same for every vault, so that no sibling can stand in their place. */
const GLOBAL = [
  "admin",
  "associatedTokenProgram",
  "collateralAuthority",
  "guardian",
  "instructions",
  "mint",
  "multiSigVault of freezeAll",
  "systemProgram",
  "tokenProgram",
  "vaultAuthority",
];

interface Tried {
  readonly substitution: Substitution;
  readonly error: string | undefined;
  readonly isUnchanged: boolean;
}

interface Trial {
  readonly rig: VaultRig;
  readonly checkpoint: Checkpoint;
  readonly prepare: (() => Promise<void>) | undefined;
  readonly valid: FullInstruction;
  readonly sibling: FullInstruction;
  readonly otherMint: FullInstruction;
}

/** `initialize_authority` runs once, before anything else: on a cluster of its own, where a vault of `stage` stands in for other types. */
async function firstTrial(stage: Stage): Promise<Trial> {
  const rig = await VaultRig.create({ isUnsigned: true, isBare: true });
  const vault = stage.rig.svm.getAccount(stage.sides[0].address);
  if (!vault.exists) throw new Error("no vault");
  rig.svm.setAccount(vault);
  const { admin, guardian, upgradeAuthority } = rig.roles;
  // not who pays for transactions: nothing that is refused may change an account
  const payer = await rig.wallet("payer of rent");
  const roles = { admin: admin.address, guardian: guardian.address };
  const valid = await rig.instructions.initializeAuthority(roles, upgradeAuthority.address, payer.address);
  const { programId, programData } = await rig.consumer("other");
  const [otherPayer, otherUpgrader] = [await rig.wallet("other payer"), await rig.wallet("other upgrader")];
  const others: Readonly<Record<string, Address>> = {
    ...{ payer: otherPayer.address, upgradeAuthority: otherUpgrader.address },
    ...{ program: programId, programData },
  };
  const names = rig.program.accountNames("initializeAuthority");
  const accounts = valid.accounts.map((meta, place) => ({
    ...meta,
    address: others[names[place] ?? ""] ?? meta.address,
  }));
  const checkpoint = new Checkpoint(rig);
  return { rig, checkpoint, prepare: undefined, valid, sibling: { ...valid, accounts }, otherMint: valid };
}

describeWith("ownCluster", "accounts of the collateral vault's instructions", () => {
  let stage: Stage;
  let names: readonly CallName[];
  before(async () => {
    stage = await Stage.create();
    names = stage.rig.program.idl.instructions.map(({ name }) => name as CallName);
  });

  const stateOf = (rig: VaultRig, { accounts }: FullInstruction): string =>
    accounts
      .map(({ address }) => {
        const account = rig.svm.getAccount(address);
        if (!account.exists || account.executable) return "none";
        return `${account.programAddress} ${String(account.lamports)} ${Buffer.from(account.data).toString("base64")}`;
      })
      .join("\n");

  const trialOf = async (name: CallName): Promise<Trial> => {
    if (name === "initializeAuthority") return firstTrial(stage);
    const { rig, sides } = stage;
    const checkpoint = new Checkpoint(rig);
    const { prepare, make } = callsOf(stage, sides[0])[name];
    await prepare?.();
    const sibling = await callsOf(stage, sides[1])[name].make();
    const otherMint = await callsOf(stage, sides[0], 1)[name].make();
    return { rig, checkpoint, prepare, valid: await make(), sibling, otherMint };
  };

  /** Tries every substitution of one call, from the same state, and at last the call itself. */
  const tryAll = async (name: CallName) => {
    const { rig, checkpoint, prepare, valid, sibling, otherMint } = await trialOf(name);
    const substitutions = await substitutionsOf(rig, valid, rig.program.accountNames(name), { sibling, otherMint });
    const tried: Tried[] = [];
    for (const substitution of substitutions) {
      const before = stateOf(rig, substitution.instruction);
      const { error } = await Stage.run(rig, substitution.instruction);
      tried.push({ substitution, error, isUnchanged: before === stateOf(rig, substitution.instruction) });
      if (error !== undefined) continue;
      checkpoint.back();
      await prepare?.();
    }
    const { error: validError } = await Stage.run(rig, valid);
    checkpoint.back();
    return { tried, valid, validError };
  };

  /** What the accounts of a call imply: a case of each kind in each place, and each other account of the call once. */
  const expectComplete = (name: CallName, tried: readonly Tried[], { accounts }: FullInstruction): void => {
    const count = (kind: Kind): number => tried.filter(({ substitution }) => substitution.kind === kind).length;
    const places = accounts.length;
    for (const kind of ["system", "clone", "otherType", "empty", "program"] as const) {
      expect(count(kind), `${name} ${kind}`).to.equal(places);
    }
    const own = accounts.filter(({ address }) => address === stage.rig.program.id).length;
    expect(count("absent"), `${name} absent`).to.equal(places - own);
    expect(count("unsigned"), `${name} unsigned`).to.equal(signersOf({ accounts }).length);
    const pairs = accounts.flatMap((one, index) =>
      accounts.filter((other, at) => at !== index && other.address !== one.address),
    );
    expect(count("twice"), `${name} twice`).to.equal(pairs.length);
  };

  it("COL-2 takes no other account in any place of any instruction", async () => {
    const ours = new Set((stage.rig.program.idl.errors ?? []).map(({ code }) => stage.rig.program.errorName(code)));
    const wrong: string[] = [];
    const foreign = new Set<string>();
    const reasons = new Set<string>();
    const places = new Set<string>();
    const withSibling = new Set<string>();
    let cases = 0;
    for (const name of names) {
      const { tried, valid, validError } = await tryAll(name);
      if (validError !== undefined) wrong.push(`${name}: the valid call fails with ${validError}`);
      expectComplete(name, tried, valid);
      cases += tried.length;
      stage.rig.program.accountNames(name).forEach((account) => places.add(placeOf(name, account)));
      for (const { substitution, error, isUnchanged } of tried) {
        const key = keyOf(substitution, name);
        const reason = HARMLESS.find(([pattern]) => pattern.test(key))?.[1];
        if (substitution.kind === "sibling") withSibling.add(placeOf(name, substitution.account));
        if (error !== undefined && !ours.has(error)) foreign.add(error);
        if (error !== undefined && !isUnchanged) wrong.push(`${key} fails and changes an account`);
        if (error === undefined && reason === undefined) wrong.push(`${key} succeeds`);
        if (error === undefined && reason !== undefined) reasons.add(reason);
      }
    }
    expect(wrong).to.deep.equal([]);
    expect([...foreign].sort()).to.deep.equal(FOREIGN);
    expect([...reasons].sort()).to.deep.equal(HARMLESS.map(([, reason]) => reason).sort());
    expect([...places].filter((place) => !withSibling.has(place)).sort()).to.deep.equal(GLOBAL);
    expect(cases).to.be.above(3_000);
  });
});

const placeOf = (name: CallName, account: string): string =>
  name === "freezeAll" && account === "multiSigVault" ? "multiSigVault of freezeAll" : account;
