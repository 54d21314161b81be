/** One Anchor program: its instructions, accounts, events and errors by name, typed from its IDL. Holds no connection and no state. */
import { BorshCoder, convertIdlToCamelCase, type Idl } from "@anchor-lang/core";
import { AccountRole, type AccountMeta, type Address, type Instruction } from "@solana/kit";

import { PermanentError } from "../errors.js";
import { PlainValues, type PlainFields, type PlainType } from "./plain.js";
import { ValueReader } from "./read.js";

type InstructionOf<I extends Idl, N> = Extract<I["instructions"][number], { name: N }>;
export type InstructionName<I extends Idl> = I["instructions"][number]["name"];
export type AccountName<I extends Idl> = NonNullable<I["accounts"]>[number]["name"];
export type EventName<I extends Idl> = NonNullable<I["events"]>[number]["name"];

export type InstructionArgs<I extends Idl, N> = PlainFields<InstructionOf<I, N>["args"], I>;

interface ItemShape {
  name: string;
}
interface GroupShape extends ItemShape {
  accounts: readonly ItemShape[];
}
type MayBeLeftOut = { optional: true } | { address: string };

/** Accounts by name, groups of accounts as objects of their own. */
type NamedAccounts<T extends ItemShape> = {
  readonly [A in Exclude<T, MayBeLeftOut> as A["name"]]: A extends GroupShape
    ? NamedAccounts<A["accounts"][number]>
    : Address;
} & {
  readonly [A in Extract<T, MayBeLeftOut> as A["name"]]?: Address | undefined;
};

/** The accounts of an instruction by name. Those with one fixed address may be left out; so may optional ones, which then are absent. */
export type InstructionAccounts<I extends Idl, N> = NamedAccounts<InstructionOf<I, N>["accounts"][number]>;

/** A decoded event under its name. */
export type EventOf<I extends Idl> = {
  [N in EventName<I>]: { readonly name: N; readonly data: PlainType<I, N> };
}[EventName<I>];

interface AccountShape {
  readonly name: string;
  /** Of a group. */
  readonly accounts?: readonly AccountShape[];
  readonly writable?: boolean;
  readonly signer?: boolean;
  readonly optional?: boolean;
  readonly address?: string;
}

type GivenAccounts = Readonly<Record<string, unknown>>;

/** An instruction whose accounts and data are there. */
export type FullInstruction = Instruction & {
  readonly accounts: readonly AccountMeta[];
  readonly data: Uint8Array;
};

export class AnchorProgram<I extends Idl> {
  /** With names in camelCase. */
  readonly idl: Idl;
  private readonly coder: BorshCoder;
  private readonly values: PlainValues;
  private readonly reader: ValueReader;
  private readonly discriminators: ReadonlyMap<string, Uint8Array>;
  private readonly errorNames: ReadonlyMap<number, string>;

  /** @param idl as the build writes it. @param id where the program is on the cluster in question. */
  constructor(
    idl: unknown,
    readonly id: Address = (idl as Idl).address as Address,
  ) {
    this.idl = convertIdlToCamelCase(idl as Idl);
    this.coder = new BorshCoder(this.idl);
    this.values = new PlainValues(this.idl);
    this.reader = new ValueReader(this.idl);
    this.discriminators = new Map(
      (this.idl.accounts ?? []).map(({ name, discriminator }) => [name, Uint8Array.from(discriminator)]),
    );
    // Names of errors stay as the program has them.
    this.errorNames = new Map(((idl as Idl).errors ?? []).map(({ code, name }) => [code, name]));
  }

  get name(): string {
    return this.idl.metadata.name;
  }

  /** The same program at another address. */
  at(id: Address): AnchorProgram<I> {
    return Object.assign(Object.create(AnchorProgram.prototype) as AnchorProgram<I>, this, { id });
  }

  /** @throws RangeError for an argument that does not fit its type. */
  instruction<N extends InstructionName<I>>(
    name: N,
    args: InstructionArgs<I, N>,
    accounts: InstructionAccounts<I, N>,
  ): FullInstruction {
    const shape = this.shapeOf(name);
    const values = Object.fromEntries(
      shape.args.map((arg) => [
        arg.name,
        this.values.toCoder(arg.type, (args as Readonly<Record<string, unknown>>)[arg.name]),
      ]),
    );
    return {
      programAddress: this.id,
      accounts: this.metas(name, shape.accounts, accounts),
      data: encodeWithRoom(() => this.coder.instruction.encode(name, values)),
    };
  }

  /** Names of an instruction's accounts, in their order; `group.name` for those of a group. */
  accountNames(name: InstructionName<I>): readonly string[] {
    return namesOf(this.shapeOf(name).accounts);
  }

  /** Which instruction the data belongs to; undefined when it is none of this program. */
  instructionName(data: Uint8Array): InstructionName<I> | undefined {
    return this.idl.instructions.find(({ discriminator }) => isPrefix(Uint8Array.from(discriminator), data))?.name;
  }

  /** An instruction's arguments; undefined when the data is none of this program. */
  decodeInstruction(
    data: Uint8Array,
  ): { readonly name: InstructionName<I>; readonly args: Readonly<Record<string, unknown>> } | undefined {
    const name = this.instructionName(data);
    const decoded = name === undefined ? null : this.coder.instruction.decode(Buffer.from(data));
    if (name === undefined || decoded === null) return undefined;
    const values = decoded.data as Readonly<Record<string, unknown>>;
    const args = this.shapeOf(name).args.map((arg) => [arg.name, this.values.fromCoder(arg.type, values[arg.name])]);
    return { name, args: Object.fromEntries(args) as Readonly<Record<string, unknown>> };
  }

  /** The accounts of an instruction that have no fixed address, in their order. */
  accountsToPass(name: InstructionName<I>): readonly { readonly name: string; readonly isOptional: boolean }[] {
    return (this.shapeOf(name).accounts as readonly AccountShape[])
      .filter((account) => account.address === undefined)
      .map((account) => ({ name: account.name, isOptional: account.optional === true }));
  }

  /** @throws PermanentError WRONG_ACCOUNT when the data is of another kind of account; RangeError when it is too short. */
  decodeAccount<N extends AccountName<I>>(name: N, data: Uint8Array): PlainType<I, N> {
    const discriminator = this.accountDiscriminator(name);
    if (!isPrefix(discriminator, data)) {
      throw new PermanentError("WRONG_ACCOUNT", `the data is not that of a ${name} of ${this.name}`, undefined, {
        expected: name,
        bytes: String(data.length),
      });
    }
    return this.reader.read(name, data, discriminator.length) as PlainType<I, N>;
  }

  /** The eight bytes with which the data of such accounts begins. */
  accountDiscriminator(name: AccountName<I>): Uint8Array {
    const discriminator = this.discriminators.get(name);
    if (discriminator === undefined) throw new Error(`${this.name} has no account ${name}`);
    return discriminator;
  }

  /** What the program emitted; undefined for data that is no event of it. */
  decodeEvent(base64: string): EventOf<I> | undefined {
    const decoded = this.coder.events.decode(base64);
    if (decoded === null) return undefined;
    const { name, data } = decoded as { readonly name: string; readonly data: unknown };
    return { name, data: this.values.fromCoder({ defined: { name } }, data) } as EventOf<I>;
  }

  /**
   * An event that was kept as JSON, with integers of 64 bits and more as decimal text; undefined when this version of the program has no
   * such event.
   */
  eventFromJson(name: string, data: unknown): EventOf<I> | undefined {
    if (this.idl.events?.some((event) => event.name === name) !== true) return undefined;
    try {
      return { name, data: this.values.fromJson({ defined: { name } }, data) } as EventOf<I>;
    } catch {
      return undefined;
    }
  }

  /** Name of one of the program's own errors. */
  errorName(code: number): string | undefined {
    return this.errorNames.get(code);
  }

  private shapeOf(name: string): Idl["instructions"][number] {
    const shape = this.idl.instructions.find((item) => item.name === name);
    if (shape === undefined) throw new Error(`${this.name} has no instruction ${name}`);
    return shape;
  }

  /** The IDL knows the program itself by its local address. */
  private fixedAddress({ address }: AccountShape): Address | undefined {
    return address === this.idl.address ? this.id : (address as Address | undefined);
  }

  private metas(instruction: string, shapes: readonly AccountShape[], given: GivenAccounts): AccountMeta[] {
    return shapes.flatMap((shape) => {
      const account = given[shape.name];
      if (shape.accounts === undefined) return [this.meta(instruction, shape, account as Address | undefined)];
      return this.metas(instruction, shape.accounts, (account ?? {}) as GivenAccounts);
    });
  }

  private meta(instruction: string, account: AccountShape, given: Address | undefined): AccountMeta {
    const address = given ?? this.fixedAddress(account);
    if (address === undefined) {
      // Anchor's way to leave an account out.
      if (account.optional === true) return { address: this.id, role: AccountRole.READONLY };
      throw new Error(`${instruction} needs the account ${account.name}`);
    }
    return { address, role: roleOf(account) };
  }
}

function namesOf(shapes: readonly AccountShape[]): string[] {
  return shapes.flatMap(({ name, accounts }) =>
    accounts === undefined ? [name] : namesOf(accounts).map((inner) => `${name}.${inner}`),
  );
}

function roleOf({ writable = false, signer = false }: AccountShape): AccountRole {
  if (signer) return writable ? AccountRole.WRITABLE_SIGNER : AccountRole.READONLY_SIGNER;
  return writable ? AccountRole.WRITABLE : AccountRole.READONLY;
}

function isPrefix(prefix: Uint8Array, data: Uint8Array): boolean {
  return prefix.every((byte, index) => data[index] === byte);
}

/** Anchor's coder has a buffer of 1,000 bytes and throws when it is full: that is more than any transaction can carry beside. */
function encodeWithRoom(encode: () => Buffer): Uint8Array {
  try {
    return new Uint8Array(encode());
  } catch (cause) {
    throw new PermanentError(
      "INSTRUCTION_TOO_LARGE",
      "the arguments of the instruction do not fit into one",
      "pass fewer or shorter arguments",
      {},
      { cause },
    );
  }
}
