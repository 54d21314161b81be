/** Reads everything that is decided by, at one confirmed slot. */
import type { Address } from "@solana/kit";

import {
  readAuthorizedProgram,
  readBalance,
  readMultiSig,
  readPendingWithdrawal,
  readProposal,
  readSecurityConfig,
  readVault,
} from "../../protocol/solana/accounts.js";
import { programDataAddress } from "../../protocol/solana/addresses.js";
import { CLOCK_SYSVAR, readClockSeconds } from "../../protocol/solana/clock.js";
import type { PositionProgram } from "../../protocol/solana/positionProgram.js";
import { PROGRAM_DATA_LAYOUT, readProgramDataHead as headOf } from "../../protocol/solana/programData.js";
import { stateMoved } from "../../protocol/solana/rpc.js";
import type { VaultProgram } from "../../protocol/solana/vaultProgram.js";
import {
  ACCOUNTS_PER_CALL,
  bytesOf,
  chunks,
  discriminatorOf,
  fundedAccounts,
  openTokens,
  programAccounts,
  someAccounts,
  type ProgramAccountsAnswer,
  type SomeAccount,
} from "../kit/solana/accounts.js";
import type { SolanaClient } from "../kit/solana/client.js";
import type { Observation } from "./types.js";

/** The cluster moves on while it is asked: answers of several slots are asked for again so often. */
const ATTEMPTS = 5;

/** What becomes of each kind of account. */
const VAULT_KINDS = {
  vault: readVault,
  balance: readBalance,
  securityConfig: readSecurityConfig,
  pendingWithdrawal: readPendingWithdrawal,
  multiSigVault: readMultiSig,
  proposal: readProposal,
  authorizedProgram: readAuthorizedProgram,
} as const;

interface Needed {
  readonly tokens: readonly Address[];
  readonly programData: readonly Address[];
}

interface Decoded {
  readonly text: string;
  readonly kind: string;
  readonly value: unknown;
}
type Decoder = readonly [kind: string, decode: (bytes: Uint8Array) => unknown];

export class CrankReader {
  private readonly decoders: ReadonlyMap<string, Decoder>;
  /** What was decoded last: an account whose bytes have not changed is not decoded again. */
  private decoded = new Map<string, Decoded>();
  /** What the last decision needed beside the programs' own accounts: asked for at once. */
  private needed: Needed = { tokens: [], programData: [] };
  private readonly ownProgramData: Promise<readonly Address[]>;

  /** @param key whose lamports count; undefined: nobody's. */
  constructor(
    private readonly client: SolanaClient,
    private readonly vaults: VaultProgram,
    private readonly positions: PositionProgram,
    private readonly key: Address | undefined,
  ) {
    this.ownProgramData = Promise.all([vaults.id, positions.id].map((id) => programDataAddress(id)));
    const raw = ["vaultAuthority", "programLock"] as const;
    const market = ["market", "price", "position"] as const;
    this.decoders = new Map<string, Decoder>([
      ...Object.entries(VAULT_KINDS).map(([kind, decode]): [string, Decoder] => [
        `${vaults.id} ${discriminatorOf(vaults.accountDiscriminator(kind as keyof typeof VAULT_KINDS))}`,
        [kind, decode],
      ]),
      ...raw.map((kind): [string, Decoder] => [
        `${vaults.id} ${discriminatorOf(vaults.accountDiscriminator(kind))}`,
        [kind, (bytes) => vaults.decodeAccount(kind, bytes)],
      ]),
      ...market.map((kind): [string, Decoder] => [
        `${positions.id} ${discriminatorOf(positions.accountDiscriminator(kind))}`,
        [kind, (bytes) => positions.decodeAccount(kind, bytes)],
      ]),
    ]);
  }

  /** @throws RetryableError when the cluster cannot be asked, or moved on each time. */
  async observe(): Promise<Observation> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const asked = this.needed;
      const seen = await this.once(asked);
      if (seen === undefined) continue;
      this.needed = { tokens: tokensOf(seen), programData: await this.programDataOf(seen) };
      const known = new Set([...asked.tokens, ...asked.programData]);
      if ([...this.needed.tokens, ...this.needed.programData].every((address) => known.has(address))) return seen;
    }
    throw stateMoved("the accounts of the programs changed each time they were read");
  }

  /** Undefined when the answers are of several slots. */
  private async once({ tokens, programData }: Needed): Promise<Observation | undefined> {
    const config = { encoding: "base64", commitment: "confirmed" };
    const single: readonly Address[] = [CLOCK_SYSVAR, ...(this.key === undefined ? [] : [this.key])];
    // Of a program's code only the head counts.
    const dataSlice = { offset: 0, length: PROGRAM_DATA_LAYOUT.elfAt };
    const some = (page: readonly Address[], more: object = {}) => ({
      ...{ method: "getMultipleAccounts", params: [page, { ...config, ...more }] },
    });
    const tokenPages = chunks(tokens, ACCOUNTS_PER_CALL);
    const codePages = chunks(programData, ACCOUNTS_PER_CALL);
    const programs = [this.vaults.id, this.positions.id];
    const answers = await this.client.batch([
      ...programs.map((id) => ({ method: "getProgramAccounts", params: [id, { ...config, withContext: true }] })),
      ...[single, ...tokenPages].map((page) => some(page)),
      ...codePages.map((page) => some(page, { dataSlice })),
    ]);
    const ofPrograms = programs.map((_, index) =>
      this.client.read("getProgramAccounts", answers[index], programAccounts),
    );
    const [ofSingle, ...ofPages] = answers.slice(programs.length);
    const fixed = this.client.read("getMultipleAccounts", ofSingle, fundedAccounts(single.length));
    const others = [...tokenPages, ...codePages].map((page, index) =>
      this.client.read("getMultipleAccounts", ofPages[index], someAccounts(page.length)),
    );
    const slots = new Set([...ofPrograms, fixed, ...others].map(({ context }) => context.slot));
    const [slot] = slots;
    const [clock, own] = fixed.value;
    if (slots.size !== 1 || slot === undefined || clock == null) return undefined;
    const bytes = bytesOf(clock.data[0]);
    const nowSeconds = readClockSeconds(bytes);
    const of = this.decode(programs, ofPrograms);
    const found = (page: readonly { readonly value: readonly SomeAccount[] }[]) => page.flatMap(({ value }) => value);
    return {
      ...{ slot, nowSeconds, lamports: own?.lamports ?? 0n },
      authority: [...of<NonNullable<Observation["authority"]>>("vaultAuthority").values()][0],
      vaults: of("vault"),
      balances: of("balance"),
      locks: of("programLock"),
      securityConfigs: of("securityConfig"),
      withdrawals: of("pendingWithdrawal"),
      multiSigs: of("multiSigVault"),
      proposals: of("proposal"),
      markets: of("market"),
      prices: of("price"),
      positions: of("position"),
      listed: of("authorizedProgram"),
      tokens: readEach(tokens, found(others.slice(0, tokenPages.length)), openTokens),
      programData: readEach(programData, found(others.slice(tokenPages.length)), headOf),
    };
  }

  /** Of our two programs and of every program that owners may list. */
  private async programDataOf({ listed }: Observation): Promise<readonly Address[]> {
    return [
      ...new Set([...(await this.ownProgramData), ...[...listed.values()].map((program) => program.programData)]),
    ];
  }

  /** Accounts by kind. */
  private decode(
    programs: readonly Address[],
    answers: readonly ProgramAccountsAnswer[],
  ): <T>(kind: string) => ReadonlyMap<Address, T> {
    const next = new Map<string, Decoded>();
    const kinds = new Map<string, Map<Address, unknown>>();
    for (const [index, { value }] of answers.entries()) {
      for (const { pubkey, account } of value) {
        const [text] = account.data;
        const known = this.decoded.get(pubkey);
        const entry = known?.text === text ? known : this.decodeOne(programs[index], text);
        if (entry === undefined) continue;
        next.set(pubkey, entry);
        const accounts = kinds.get(entry.kind) ?? new Map<Address, unknown>();
        kinds.set(entry.kind, accounts.set(pubkey as Address, entry.value));
      }
    }
    this.decoded = next;
    return <T>(kind: string) => (kinds.get(kind) ?? new Map()) as ReadonlyMap<Address, T>;
  }

  private decodeOne(program: string | undefined, text: string): Decoded | undefined {
    const bytes = bytesOf(text);
    const [kind, decode] = this.decoders.get(`${program ?? ""} ${discriminatorOf(bytes)}`) ?? [];
    return kind === undefined || decode === undefined ? undefined : { text, kind, value: decode(bytes) };
  }
}

/** Token accounts of withdrawals whose time has come. */
function tokensOf({ withdrawals, balances, nowSeconds }: Observation): readonly Address[] {
  const needed = [...withdrawals.values()]
    .filter(({ maturesAtSeconds }) => maturesAtSeconds <= nowSeconds)
    .flatMap(({ balance, destinationTokens }) => [destinationTokens, balances.get(balance)?.vaultTokens]);
  return [...new Set(needed)].filter((address) => address !== undefined);
}

/** Accounts that are there and are what they are asked for as. */
function readEach<T>(
  addresses: readonly Address[],
  accounts: readonly SomeAccount[],
  read: (owner: string, bytes: Uint8Array) => T | undefined,
): ReadonlyMap<Address, T> {
  return new Map(
    addresses.flatMap((address, index): [Address, T][] => {
      const account = accounts[index];
      const value = account == null ? undefined : read(account.owner, bytesOf(account.data[0]));
      return value === undefined ? [] : [[address, value]];
    }),
  );
}
