import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { getBase64Encoder, getTransactionDecoder, lamports, type KeyPairSigner } from "@solana/kit";
import { expect } from "chai";
import { ComputeBudget, FailedTransactionMetadata, LiteSVM } from "litesvm";

import { DIFFERENTIAL_HOST, DIFFERENTIAL_PROGRAM } from "../../scripts/programs/differential.js";
import { describeWith } from "../helpers/describeWith.js";
import { LAMPORTS_PER_SOL, signWith, testSigner } from "../helpers/solana.js";

const root = path.resolve(fileURLToPath(import.meta.url), "../../..");
const FUNCTIONS = "scripts/programs/crates/difftest-fns/src/lib.rs";
const names = [...readFileSync(path.join(root, FUNCTIONS), "utf8").matchAll(/^ {4}\("(\w+)", /gm)].map(
  (match) => match[1] ?? "",
);

const INPUTS = 200;
const INPUT_BYTES = 32;
const SEED = 1;
/** Inputs of one transaction; halved for a function that needs more than a transaction has. */
const LARGEST_BATCH = 8;
const EDGES = [
  ...[0n, 1n, 2n, 10n, 127n, 128n, 255n, 65_535n, 86_400n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n],
  ...[2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 0x7ff0000000000000n, 0x3ff0000000000000n, 0x8000000000000001n],
];

/** Xorshift of 32 bits: the same inputs on every machine. */
function createRandom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Often with an edge of some width in it, often with a short number, now and then a text. */
function makeInput(random: () => number): Buffer {
  const input = Buffer.alloc(INPUT_BYTES);
  for (let at = 0; at < INPUT_BYTES; at += 4) input.writeUInt32LE(random(), at);
  for (let at = 0; at < INPUT_BYTES; at += 8) {
    const kind = random() % 16;
    if (kind < 4) input.writeBigUInt64LE(EDGES[random() % EDGES.length] ?? 0n, at);
    else if (kind < 7) input.writeBigUInt64LE(input.readBigUInt64LE(at) >> BigInt(random() % 64), at);
  }
  if (random() % 16 === 0) input.forEach((byte, at) => (input[at] = 97 + (byte % 26)));
  return input;
}

interface Answer {
  readonly failed: boolean;
  readonly logs: string;
  readonly data: Buffer;
}

describeWith("sbfBuild", "offline SBF build", () => {
  const random = createRandom(SEED);
  const inputs = names.map(() => Array.from({ length: INPUTS }, () => makeInput(random)));
  let native: string[];
  let svm: LiteSVM;
  let payer: KeyPairSigner;
  let program: KeyPairSigner;

  const call = async (data: Uint8Array): Promise<Answer> => {
    const { wire } = await signWith(payer, svm.latestBlockhash(), [
      { programAddress: program.address, accounts: [], data },
    ]);
    const result = svm.sendTransaction(getTransactionDecoder().decode(getBase64Encoder().encode(wire)));
    svm.expireBlockhash();
    const failed = result instanceof FailedTransactionMetadata;
    const meta = failed ? result.meta() : result;
    return { failed, logs: meta.logs().join("\n"), data: Buffer.from(meta.returnData().data()) };
  };
  /** What SBF makes of these inputs, in hex. */
  const runOnSbf = async (op: number, cases: readonly Buffer[]): Promise<string[]> => {
    const answers: string[] = [];
    let batch = LARGEST_BATCH;
    while (answers.length < cases.length) {
      const part = cases.slice(answers.length, answers.length + batch);
      const { failed, logs, data } = await call(Buffer.concat([Buffer.from([op]), ...part]));
      if (failed && batch > 1) {
        batch /= 2;
        continue;
      }
      expect(failed, `${part[0]?.toString("hex") ?? ""}: ${logs}`).to.equal(false);
      const whole = Buffer.alloc(INPUT_BYTES * part.length); // the runtime cuts trailing zeros off
      data.copy(whole);
      for (let at = 0; at < whole.length; at += INPUT_BYTES) answers.push(whole.toString("hex", at, at + INPUT_BYTES));
    }
    return answers;
  };

  before(async () => {
    const host = path.join(root, DIFFERENTIAL_HOST);
    expect(execFileSync(host, ["--names"], { encoding: "utf8" }).trim().split(" ")).to.deep.equal(names);
    const lines = inputs.flatMap((cases, op) => cases.map((input) => `${String(op)} ${input.toString("hex")}\n`));
    native = execFileSync(host, { input: lines.join(""), encoding: "utf8", maxBuffer: 2 ** 26 })
      .trim()
      .split("\n");
    const budget = new ComputeBudget();
    budget.computeUnitLimit = 1_400_000n;
    svm = new LiteSVM().withComputeBudget(budget).withTransactionHistory(0n);
    [payer, program] = await Promise.all([testSigner(1), testSigner(2)]);
    svm.addProgramFromFile(program.address, path.join(root, DIFFERENTIAL_PROGRAM));
    svm.airdrop(payer.address, lamports(LAMPORTS_PER_SOL));
  });

  describe("computes what this machine computes", () => {
    names.forEach((name, op) => {
      it(`${name}: ${String(INPUTS)} inputs`, async () => {
        const expected = native.slice(op * INPUTS, (op + 1) * INPUTS);
        const answers = await runOnSbf(op, inputs[op] ?? []);
        const show = (all: readonly string[]): string[] =>
          all.map((answer, index) => `${inputs[op]?.[index]?.toString("hex") ?? ""} gives ${answer}`);
        expect(show(answers)).to.deep.equal(show(expected));
        expect(new Set(answers).size, "different answers").to.be.above(INPUTS / 10);
      });
    });
  });

  describe("fails where this machine would, and says so in the log", () => {
    const failures: readonly [string, readonly number[], RegExp][] = [
      ["index out of bounds", [0, 5], /index out of bounds: the len is 2 but the index is 5/],
      ["overflow of a subtraction", [1, 9], /attempt to subtract with overflow/],
      ["division by zero", [2, 0], /attempt to divide by zero/],
      ["expect of None", [3, 0], /third byte is there/],
      ["unwrap of an Err with a String", [4, 7], /kind 4 n 7/],
      ["endless recursion", [5, 1], /call depth|Access violation/i],
      ["heap used up", [6, 0], /out of memory/],
    ];
    for (const [what, data, message] of failures) {
      it(what, async () => {
        const { failed, logs } = await call(Buffer.from([255, ...data]));
        expect(failed).to.equal(true);
        expect(logs).to.match(message);
      });
    }
  });
});
