/**
 * Compares a cluster with the parameters. Each finding says who can put it right, and how where the deployer can. Their order is the
 * order of work: code, configuration and market, then the hand-over of the upgrade authority, after which neither could be made.
 */
import type { Address } from "@solana/kit";

import { ZERO_ADDRESS } from "../../../protocol/solana/instructions.js";
import type { LoadedSolanaParams } from "../../../protocol/solana/network.js";
import { builtThere, codeHash, isSameCode, type BuiltProgram } from "./built.js";
import type { SolanaChain } from "./chain.js";
import { holderFindings, type Finding } from "./finding.js";
import { marketCreation, marketFindings } from "./market.js";
import { bufferOf, readBuffer } from "./loader.js";
import { missingRoom } from "./room.js";
import {
  isRegisteredCode,
  marketOf,
  programState,
  registrations,
  vaultAuthorityOf,
  type ProgramState,
  type VaultAuthority,
} from "./state.js";
import { Work } from "./work.js";

export interface Seen {
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
  const work = new Work(chain, ids);
  const seen: Seen = { chain, loaded, work, programs: states, deployer: roles.deployer };
  const authority = await vaultAuthorityOf(chain, ids["collateral-vault"]);
  const market = await marketOf(chain, ids["position-manager"]);
  return [
    ...(await Promise.all(built.map((program) => codeFinding(seen, program)))).flat(),
    ...configurationFindings(seen, authority.state),
    ...marketCreation(seen, built, market),
    ...built.flatMap((program) => handoverFinding(seen, program)),
    ...roleFindings(seen, authority.state),
    ...(await registrationFindings(seen, built, authority.state)),
    ...(market === undefined ? [] : await marketFindings(seen, market)),
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
  const of = (role: string): string => `vault_authority.${role}`;
  return holderFindings(
    [
      {
        ...{ id: of("admin"), code: "ADMIN_CHANGED", found: authority.admin, expected: admin },
        pending: authority.pendingAdmin,
      },
      {
        ...{ id: of("guardian"), code: "GUARDIAN_CHANGED", found: authority.guardian, expected: guardian },
        pending: authority.pendingGuardian,
      },
      {
        ...{ id: of("freeze_multi_sig"), code: "FREEZE_MULTI_SIG_CHANGED", found: authority.freezeMultiSig },
        ...{ expected: freezeMultiSig ?? ZERO_ADDRESS, pending: authority.pendingFreezeMultiSig },
      },
    ],
    authority.admin,
    {
      change: "the admin proposes the holder (propose_authority), who accepts a day later",
      cancel: "admin or guardian cancels it (cancel_authority)",
    },
  );
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
    const ours = by === deployer ? builtThere(built, programId, state) : undefined;
    const fixOf = (verb: string): string =>
      `the admin ${verb} it${ours === undefined ? ` after a look at its code${hashNote(state)}` : ""}, and it counts a day later`;
    if (record === undefined) {
      const code = "REGISTRATION_MISSING";
      const [found, expected, fix] = ["not registered", "registered", fixOf("registers")] as const;
      const difference = { ...common, code, found, expected, fix } as const;
      return [ours ? { ...difference, act: (hands) => work.register(programId, ours.elf, hands) } : difference];
    }
    const fix = fixOf("renews");
    if (record.revokedAt !== 0n) {
      // Somebody had a reason: only people take it back.
      return [{ ...common, code: "REGISTRATION_REVOKED", found: "revoked", expected: "registered", fix }];
    }
    if (state.kind !== "deployed" || record.deploySlot === state.slot) return [];
    if (isRegisteredCode(state, record)) {
      // Code that was replaced and put back is the same code, and could write every account of its own meanwhile: nobody but the deployer
      // can have done that while the program is his.
      const fix =
        "admin or guardian sees that its history has nothing but ExtendProgram since, and confirms it (confirm_program)";
      const difference = {
        ...common,
        code: "REGISTRATION_UNCONFIRMED",
        found: "extended",
        expected: "confirmed",
        fix,
      } as const;
      const isOwn = by === deployer && state.upgradeAuthority === deployer;
      return [isOwn ? { ...difference, act: (hands) => work.confirm(programId, hands) } : difference];
    }
    const [old = "", now = ""] = [record.deploySlot, state.slot].map((slot) => `deployed in slot ${String(slot)}`);
    const difference = { ...common, code: "REGISTRATION_OUTDATED", found: old, expected: now, fix } as const;
    return [ours ? { ...difference, act: (hands) => work.renew(programId, ours.elf, hands) } : difference];
  });
  const extra = [...records].flatMap(([programId, record]): Finding[] => {
    if (loaded.registered.includes(programId) || record.revokedAt !== 0n) return [];
    const fix = "admin or guardian revokes it (revoke_program), or the parameters name it";
    return [{ code: "REGISTRATION_EXTRA", id: programId, found: "registered", expected: "not registered", by, fix }];
  });
  return [...wanted, ...extra];
}

function hashNote(state: ProgramState): string {
  return state.kind === "deployed" ? ` (SHA-256 ${codeHash(state.so)} without the zeros behind it)` : "";
}
