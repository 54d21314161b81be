/**
 * Instructions as `jsonParsed` shows them. Those that people look for in an explorer are taken apart: transfers of lamports and tokens,
 * accounts made, memos. All others come "partially decoded", which every client understands: program, accounts by address, data.
 */
import { getBase58Decoder, type Address } from "@solana/kit";

import { SYSTEM_PROGRAM } from "./instructions.js";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./tokenState.js";

interface Instruction {
  readonly programIdIndex: number;
  readonly accounts: readonly number[];
  readonly data: { readonly [index: number]: number; readonly length: number } & Iterable<number>;
}

interface Parsed {
  readonly type: string;
  readonly info: Readonly<Record<string, unknown>>;
}

type Parser = (account: (index: number) => Address | undefined, view: DataView) => Parsed | undefined;

const text = (amount: bigint): string => String(amount);
/** Source, destination and owner at these positions of the accounts. */
const tokens = (type: string, ...names: readonly string[]): Parser => {
  return (account, view) => ({
    type,
    info: {
      ...Object.fromEntries(names.map((name, index) => [name, account(index)])),
      ...(view.byteLength < 9 ? {} : { amount: text(view.getBigUint64(1, true)) }),
    },
  });
};
const tokensChecked = (type: string, ...names: readonly string[]): Parser => {
  return (account, view) => ({
    type,
    info: {
      ...Object.fromEntries(names.map((name, index) => [name, account(index)])),
      tokenAmount: { amount: text(view.getBigUint64(1, true)), decimals: view.getUint8(9) },
    },
  });
};

/** By the first byte. */
const TOKEN_INSTRUCTIONS: Readonly<Record<number, Parser>> = {
  3: tokens("transfer", "source", "destination", "authority"),
  7: tokens("mintTo", "mint", "account", "mintAuthority"),
  8: tokens("burn", "account", "mint", "authority"),
  9: tokens("closeAccount", "account", "destination", "owner"),
  12: tokensChecked("transferChecked", "source", "mint", "destination", "authority"),
  14: tokensChecked("mintToChecked", "mint", "account", "mintAuthority"),
  15: tokensChecked("burnChecked", "account", "mint", "authority"),
};

/** By the first four bytes. */
const SYSTEM_INSTRUCTIONS: Readonly<Record<number, Parser>> = {
  0: (account, view) => ({
    type: "createAccount",
    info: {
      source: account(0),
      newAccount: account(1),
      lamports: view.getBigUint64(4, true),
      space: view.getBigUint64(12, true),
      owner: getBase58Decoder().decode(new Uint8Array(view.buffer, view.byteOffset + 20, 32)),
    },
  }),
  2: (account, view) => ({
    type: "transfer",
    info: { source: account(0), destination: account(1), lamports: view.getBigUint64(4, true) },
  }),
};

const MEMO_PROGRAMS: ReadonlySet<string> = new Set([
  "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
  "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo",
]);

function parse(program: Address, account: (index: number) => Address | undefined, data: Uint8Array): unknown {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const isToken = program === TOKEN_PROGRAM || program === TOKEN_2022_PROGRAM;
  if (isToken && data.length > 0) {
    const parsed = TOKEN_INSTRUCTIONS[view.getUint8(0)]?.(account, view);
    return parsed && { program: program === TOKEN_PROGRAM ? "spl-token" : "spl-token-2022", parsed };
  }
  if (program === SYSTEM_PROGRAM && data.length >= 4) {
    const parsed = SYSTEM_INSTRUCTIONS[view.getUint32(0, true)]?.(account, view);
    return parsed && { program: "system", parsed };
  }
  if (MEMO_PROGRAMS.has(program)) {
    return { program: "spl-memo", parsed: new TextDecoder("utf-8", { fatal: true }).decode(data) };
  }
  return undefined;
}

export function parsedInstruction(
  addresses: readonly Address[],
  { programIdIndex, accounts, data }: Instruction,
  stackHeight: number | null,
): unknown {
  const programId = addresses[programIdIndex];
  const bytes = Uint8Array.from(data);
  let parsed: unknown;
  try {
    const at = (index: number): Address | undefined => addresses[accounts[index] ?? -1];
    parsed = programId === undefined ? undefined : parse(programId, at, bytes);
  } catch {
    // Data that is too short, or a memo that is no text: such an instruction failed and is shown as it is.
  }
  if (parsed !== undefined) return { ...(parsed as object), programId, stackHeight };
  return {
    programId,
    accounts: accounts.map((index) => addresses[index]),
    data: getBase58Decoder().decode(bytes),
    stackHeight,
  };
}
