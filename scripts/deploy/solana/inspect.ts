/**
 * Compares a cluster with the parameters. Each finding says who can put it right, and how where the deployer can. Their order is the
 * order of work: code, configuration, then the hand-over of the upgrade authority, without which there would be no configuration.
 */
import type { Address, KeyPairSigner } from "@solana/kit";

import type { LoadedSolanaParams } from "../../../protocol/solana/network.js";
import { codeHash, isSameCode, type BuiltProgram } from "./built.js";
import type { SolanaChain } from "./chain.js";
import { bufferOf, readBuffer } from "./loader.js";
import { missingRoom } from "./room.js";
import {
  isRegisteredCode,
  programState,
  registrations,
  vaultAuthorityOf,
  type ProgramState,
  type VaultAuthority,
} from "./state.js";
import type { ProgramName } from "../../programs/layout.js";
import { Work } from "./work.js";

export type SolanaDifferenceCode =
  | "PROGRAM_MISSING"
  | "PROGRAM_FOREIGN"
  | "PROGRAM_CHANGED"
  | "AUTHORITY_MISSING"
  | "UPGRADE_AUTHORITY_CHANGED"
  | "ADMIN_CHANGED"
  | "GUARDIAN_CHANGED"
  | "FREEZE_MULTI_SIG_CHANGED"
  | "ROLE_PENDING"
  | "REGISTRATION_MISSING"
  | "REGISTRATION_REVOKED"
  | "REGISTRATION_OUTDATED"
  | "REGISTRATION_UNCONFIRMED"
  | "REGISTRATION_EXTRA"
  | "RECORD_CHANGED";

/** What differs between the files and the cluster. */
export interface SolanaDifference {
  readonly code: SolanaDifferenceCode;
  readonly id: string;
  readonly found: string;
  readonly expected: string;
  /** Who can put it right; null: nobody any more, or only by hand. */
  readonly by: Address | null;
  readonly fix: string;
}

/** Keys, asked for when they are needed. */
export interface Hands {
  readonly deployer: KeyPairSigner;
  programKey(name: ProgramName): Promise<KeyPairSigner>;
}

export interface Finding extends SolanaDifference {
  /** Puts it right; only where `by` is the deployer, or something can be prepared for who can. */
  readonly act?: (hands: Hands, log: (line: string) => void) => Promise<void>;
}

/** A pubkey of zeros: nobody. */
const NOBODY = "11111111111111111111111111111111" as Address;

interface Seen {
  readonly chain: SolanaChain;
  readonly loaded: LoadedSolanaParams;
  readonly work: Work;
  readonly programs: ReadonlyMap<Address, ProgramState>;
  readonly deployer: Address;
}

export async function inspect(
  chain: SolanaChain,
  loaded: LoadedSolanaParams,
  built: readonly BuiltProgram[],
): Promise<readonly Finding[]> {
  const { programs: ids, roles } = loaded.params;
  const states = new Map<Address, ProgramState>();
  for (const id of new Set([...Object.values(ids), ...loaded.registered])) {
    states.set(id, await programState(chain, id));
  }
  const work = new Work(chain, ids["collateral-vault"]);
  const seen: Seen = { chain, loaded, work, programs: states, deployer: roles.deployer };
  const authority = await vaultAuthorityOf(chain, ids["collateral-vault"]);
  return [
    ...(await Promise.all(built.map((program) => codeFinding(seen, program)))).flat(),
    ...configurationFindings(seen, authority.state),
    ...built.flatMap((program) => handoverFinding(seen, program)),
    ...roleFindings(seen, authority.state),
    ...(await registrationFindings(seen, built, authority.state)),
  ];
}

async function codeFinding(seen: Seen, built: BuiltProgram): Promise<Finding[]> {
  const { deployer, work, chain, loaded } = seen;
  const state = seen.programs.get(built.programId) ?? { kind: "missing" };
  const expected = codeHash(built.elf);
  if (state.kind === "missing") {
    return [
      {
        ...{ code: "PROGRAM_MISSING", id: built.name, found: "no program", expected: built.programId, by: deployer },
        fix: "deploy it",
        act: (hands, log) => work.deploy(built, hands, log),
      },
    ];
  }
  if (state.kind === "foreign") {
    const fix = "use another address for the program";
    return [{ code: "PROGRAM_FOREIGN", id: built.name, found: state.what, expected: built.programId, by: null, fix }];
  }
  if (isSameCode(state.so, built.elf)) return [];
  const { upgradeAuthority: by } = state;
  const difference = { code: "PROGRAM_CHANGED", id: built.name, found: codeHash(state.so), expected, by } as const;
  if (by === null) return [{ ...difference, fix: "nobody can change this program any more" }];
  if (by === deployer) {
    return [{ ...difference, fix: "upgrade it", act: (hands, log) => work.upgrade(built, state, hands, log) }];
  }
  // A buffer holds lamports that its authority may take.
  if (by !== loaded.params.roles.upgradeAuthority) return [{ ...difference, fix: `${by} upgrades it` }];
  const buffer = await bufferOf(deployer, built.elf);
  const account = await chain.account(buffer.address);
  const prepared = account === undefined ? undefined : readBuffer(account.owner, account.data);
  if (prepared?.authority === by && Buffer.compare(prepared.elf, built.elf) === 0) {
    const fix = `${by} upgrades ${built.programId} with the buffer ${buffer.address}${roomNote(state.so, built)}`;
    return [{ ...difference, fix }];
  }
  const fix = `a buffer is written and left to ${by}, who upgrades with it${roomNote(state.so, built)}`;
  return [{ ...difference, fix, act: (hands, log) => work.prepare(built, by, hands, log) }];
}

/** What else an upgrade to longer code takes. */
function roomNote(so: Uint8Array, { elf, programId }: BuiltProgram): string {
  const moreBytes = missingRoom(so.length, elf.length);
  if (moreBytes === 0) return "";
  return `, in a later slot than the extension by ${String(moreBytes)} bytes that it needs first (solana program extend ${programId} ${String(moreBytes)}, which anybody may pay)`;
}

function configurationFindings(seen: Seen, authority: VaultAuthority | undefined): Finding[] {
  if (authority !== undefined) return [];
  const { deployer, work, loaded } = seen;
  const { admin, guardian } = loaded.params.roles;
  const state = seen.programs.get(loaded.params.programs["collateral-vault"]);
  const by = state?.kind === "deployed" ? state.upgradeAuthority : deployer;
  const expected = `admin ${admin}, guardian ${guardian}`;
  const difference = {
    code: "AUTHORITY_MISSING",
    id: "vault_authority",
    found: "no configuration",
    expected,
    by,
  } as const;
  const fix = "the upgrade authority calls initialize_authority";
  if (by !== deployer) return [{ ...difference, fix }];
  return [{ ...difference, fix, act: (hands) => work.configure(admin, guardian, hands) }];
}

function handoverFinding(seen: Seen, { name, programId }: BuiltProgram): Finding[] {
  const { deployer, work } = seen;
  const expected = seen.loaded.params.roles.upgradeAuthority;
  const state = seen.programs.get(programId) ?? { kind: "missing" };
  if (state.kind === "foreign") return [];
  const found = state.kind === "missing" ? deployer : state.upgradeAuthority;
  if (found === expected) return [];
  const code = "UPGRADE_AUTHORITY_CHANGED";
  const difference = { code, id: name, found: found ?? "nobody", expected, by: found } as const;
  if (found === null) return [{ ...difference, fix: "nobody can change this program any more" }];
  const fix = `${found} hands it over`;
  if (found !== deployer) return [{ ...difference, fix }];
  return [{ ...difference, fix, act: (hands) => work.handOver(programId, expected, hands) }];
}

function roleFindings(seen: Seen, authority: VaultAuthority | undefined): Finding[] {
  if (authority === undefined) return [];
  const { admin, guardian, freezeMultiSig } = seen.loaded.params.roles;
  const by = authority.admin;
  const holders = [
    ["admin", "ADMIN_CHANGED", authority.admin, admin, authority.pendingAdmin],
    ["guardian", "GUARDIAN_CHANGED", authority.guardian, guardian, authority.pendingGuardian],
    [
      ...(["freeze_multi_sig", "FREEZE_MULTI_SIG_CHANGED", authority.freezeMultiSig] as const),
      ...([freezeMultiSig ?? NOBODY, authority.pendingFreezeMultiSig] as const),
    ],
  ] as const;
  return holders.flatMap(([role, code, found, expected, pending]): Finding[] => {
    const id = `vault_authority.${role}`;
    const [shownFound, shownExpected] = [found, expected].map((holder) => (holder === NOBODY ? "nobody" : holder));
    const changed: Finding[] =
      found === expected
        ? []
        : [
            {
              ...{ code, id, found: shownFound ?? "", expected: shownExpected ?? "", by },
              fix: "the admin proposes the holder (propose_authority), who accepts a day later",
            },
          ];
    if (pending === NOBODY || (pending === expected && found !== expected)) return changed;
    const fix = "admin or guardian cancels it (cancel_authority)";
    return [...changed, { code: "ROLE_PENDING", id, found: `${pending} may accept it`, expected: "nobody", by, fix }];
  });
}

async function registrationFindings(
  seen: Seen,
  built: readonly BuiltProgram[],
  authority: VaultAuthority | undefined,
): Promise<Finding[]> {
  const { chain, loaded, deployer, work } = seen;
  const { programs: ids, roles } = loaded.params;
  const vaultId = ids["collateral-vault"];
  const vault = seen.programs.get(vaultId);
  const records = vault?.kind === "deployed" ? await registrations(chain, vaultId) : new Map<Address, never>();
  const by = authority?.admin ?? roles.admin;
  const wanted = loaded.registered.flatMap((programId): Finding[] => {
    const record = records.get(programId);
    const state = seen.programs.get(programId) ?? { kind: "missing" };
    const common = { id: programId, by } as const;
    // Registering trusts the code with collateral: only code that was compared is trusted by machine.
    const canAct = by === deployer && isBuilt(built, programId, state);
    const fixOf = (verb: string): string =>
      `the admin ${verb} it${canAct ? "" : ` after a look at its code${hashNote(state)}`}, and it counts a day later`;
    if (record === undefined) {
      const code = "REGISTRATION_MISSING";
      const [found, expected, fix] = ["not registered", "registered", fixOf("registers")] as const;
      const difference = { ...common, code, found, expected, fix } as const;
      return [canAct ? { ...difference, act: (hands) => work.register(programId, hands) } : difference];
    }
    const fix = fixOf("renews");
    if (record.revokedAt !== 0n) {
      // Somebody had a reason: only people take it back.
      return [{ ...common, code: "REGISTRATION_REVOKED", found: "revoked", expected: "registered", fix }];
    }
    if (state.kind !== "deployed" || record.deploySlot === state.slot) return [];
    if (isRegisteredCode(state, record)) {
      // nothing is trusted anew: the program compares the code itself
      const fix = "anybody confirms that the code is the same (confirm_program)";
      const difference = { code: "REGISTRATION_UNCONFIRMED", found: "extended", expected: "confirmed", fix } as const;
      return [{ ...difference, id: programId, by: deployer, act: (hands) => work.confirm(programId, hands) }];
    }
    const [old = "", now = ""] = [record.deploySlot, state.slot].map((slot) => `deployed in slot ${String(slot)}`);
    const difference = { ...common, code: "REGISTRATION_OUTDATED", found: old, expected: now, fix } as const;
    return [canAct ? { ...difference, act: (hands) => work.renew(programId, hands) } : difference];
  });
  const extra = [...records].flatMap(([programId, record]): Finding[] => {
    if (loaded.registered.includes(programId) || record.revokedAt !== 0n) return [];
    const fix = "admin or guardian revokes it (revoke_program), or the parameters name it";
    return [{ code: "REGISTRATION_EXTRA", id: programId, found: "registered", expected: "not registered", by, fix }];
  });
  return [...wanted, ...extra];
}

/** Whether what runs at an address is one of the built programs, byte for byte. */
function isBuilt(built: readonly BuiltProgram[], programId: Address, state: ProgramState): boolean {
  const program = built.find((candidate) => candidate.programId === programId);
  return program !== undefined && state.kind === "deployed" && isSameCode(state.so, program.elf);
}

function hashNote(state: ProgramState): string {
  return state.kind === "deployed" ? ` (SHA-256 ${codeHash(state.so)} without the zeros behind it)` : "";
}
