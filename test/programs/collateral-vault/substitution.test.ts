import { expect } from "chai";

import { describeWith } from "../../helpers/describeWith.js";
import { callsOf, type CallName } from "../../helpers/solanaVault/calls.js";
import { Checkpoint } from "../../helpers/solanaVault/checkpoint.js";
import type { FullInstruction } from "../../../protocol/solana/program.js";
import { signersOf, Stage } from "../../helpers/solanaVault/stage.js";
import { substitutionsOf, type Kind, type Substitution } from "../../helpers/solanaVault/substitutions.js";

/** Substitutions that may succeed, as `instruction account kind by`, and why they harm nobody. */
const HARMLESS: readonly (readonly [RegExp, string])[] = [
  [/^\w+ payer (system|sibling|twice (owner|authority|admin))$/, "whoever signs to pay may pay"],
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

describeWith("ownCluster", "accounts of the collateral vault's instructions", () => {
  let stage: Stage;
  let names: readonly CallName[];
  before(async () => {
    stage = await Stage.create();
    // initialize_authority runs once, before there is anything to substitute: authority.test.ts has its cases
    const all = stage.rig.program.idl.instructions.map(({ name }) => name as CallName);
    names = all.filter((name) => name !== "initializeAuthority");
  });

  const stateOf = ({ accounts }: FullInstruction): string =>
    accounts
      .map(({ address }) => {
        const account = stage.rig.svm.getAccount(address);
        if (!account.exists || account.executable) return "none";
        return `${account.programAddress} ${String(account.lamports)} ${Buffer.from(account.data).toString("base64")}`;
      })
      .join("\n");

  /** Tries every substitution of one call, from the same state, and at last the call itself. */
  const tryAll = async (name: CallName) => {
    const { rig, sides } = stage;
    const checkpoint = new Checkpoint(rig);
    const call = callsOf(stage, sides[0])[name];
    await call.prepare?.();
    const valid = await call.make();
    const sibling = await callsOf(stage, sides[1])[name].make();
    const otherMint = await callsOf(stage, sides[0], 1)[name].make();
    const substitutions = await substitutionsOf(rig, valid, rig.program.accountNames(name), { sibling, otherMint });
    const tried: Tried[] = [];
    for (const substitution of substitutions) {
      const before = stateOf(substitution.instruction);
      const { error } = await stage.run(substitution.instruction);
      tried.push({ substitution, error, isUnchanged: before === stateOf(substitution.instruction) });
      if (error !== undefined) continue;
      checkpoint.back();
      await call.prepare?.();
    }
    const { error: validError } = await stage.run(valid);
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
    expect(cases).to.be.above(2_900);
  });
});

const placeOf = (name: CallName, account: string): string =>
  name === "freezeAll" && account === "multiSigVault" ? "multiSigVault of freezeAll" : account;
