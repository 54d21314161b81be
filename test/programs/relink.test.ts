import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { toolsFolder } from "../../scripts/programs/toolchain.js";
import { describeWith } from "../helpers/describeWith.js";

const SBF = path.resolve(fileURLToPath(import.meta.url), "../../../scripts/programs/sbf");
const ENTRY = "define i64 @entrypoint(ptr %x)";

/** IR, the processor it is compiled for, and the code of the refusal. */
const REFUSED: readonly { what: string; code: string; cpu?: string; ir: string }[] = [
  { what: "a program without entry point", code: "no-entrypoint", ir: "define i64 @other(ptr %x) { ret i64 0 }" },
  {
    what: "a call of something that is neither defined nor a syscall",
    code: "unknown-function",
    ir: `declare void @nosuch()\n${ENTRY} { call void @nosuch()\n ret i64 0 }`,
  },
  {
    what: "static data that can be written",
    code: "writable-static",
    ir: `@count = global i64 7\n${ENTRY} { %v = load i64, ptr @count\n store i64 0, ptr @count\n ret i64 %v }`,
  },
  {
    what: "an atomic operation",
    code: "instruction",
    cpu: "v3",
    ir: `${ENTRY} { %v = atomicrmw add ptr %x, i64 1 seq_cst\n ret i64 %v }`,
  },
  {
    what: "a signed division of BPF version 4",
    code: "signed-operation",
    cpu: "v4",
    ir: `${ENTRY} { %a = load i64, ptr %x\n %b = sdiv i64 %a, 7\n ret i64 %b }`,
  },
  {
    what: "a sign-extending load of BPF version 4",
    code: "instruction",
    cpu: "v4",
    ir: `${ENTRY} { %a = load i16, ptr %x\n %c = sext i16 %a to i64\n ret i64 %c }`,
  },
  {
    what: "a frame that its stack arguments make too large",
    code: "frame",
    ir: `declare void @sol_log_(ptr, i64)
define internal i64 @wide(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 %f, i64 %g) noinline {
  %big = alloca [4080 x i8], align 8
  call void @sol_log_(ptr %big, i64 %f)
  %r = add i64 %f, %g
  ret i64 %r }
${ENTRY} { %v = call i64 @wide(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7)
  ret i64 %v }`,
  },
  {
    what: "the address of a syscall",
    code: "undefined-address",
    ir: `declare void @sol_log_(ptr, i64)
${ENTRY} { store ptr @sol_log_, ptr %x
  ret i64 0 }`,
  },
];

describeWith("sbfTools", "link step of the offline SBF build", () => {
  let folder: string;
  const file = (name: string): string => path.join(folder, name);
  const link = (ir: string, cpu = "v2") => {
    writeFileSync(file("a.ll"), `target triple = "bpfel"\n${ir}\n`);
    const flags = ["-bpf-stack-size=4096", "-bpf-allows-libcalls", "-function-sections", "-data-sections"];
    const args = ["llc", "-march=bpfel", `-mcpu=${cpu}`, ...flags, "-stack-size-section", "-filetype=obj"];
    const llc = spawnSync(path.join(toolsFolder(process.env), "llvm-run"), [...args, "-o", file("a.o"), file("a.ll")], {
      encoding: "utf8",
    });
    expect(llc.status, llc.stderr).to.equal(0);
    return spawnSync("python3", [path.join(SBF, "relink.py"), file("a.o"), file("a.so")], { encoding: "utf8" });
  };
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "cantilever-relink-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("takes a small program", () => {
    const ir = `@m = constant [2 x i8] c"hi"
declare void @sol_log_(ptr, i64)
${ENTRY} { call void @sol_log_(ptr @m, i64 2)
  ret i64 0 }`;
    const { status, stderr } = link(ir);
    expect(status, stderr).to.equal(0);
    const elf = readFileSync(file("a.so"));
    expect(elf.subarray(1, 4).toString()).to.equal("ELF");
    expect(elf.readUInt32LE(48), "SBPF version").to.equal(3);
  });

  for (const { what, code, cpu, ir } of REFUSED) {
    it(`refuses ${what}`, () => {
      const { status, stderr } = link(ir, cpu);
      expect(status).to.equal(1);
      expect(stderr).to.match(new RegExp(`^relink refused:\n {2}\\[${code}\\] `));
    });
  }
});
