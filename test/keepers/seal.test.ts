import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";

import { expect } from "chai";
import { HDNodeWallet } from "ethers";

import { askSecret, type SecretInput } from "../../keepers/kit/keys/askSecret.js";
import { loadKey } from "../../keepers/kit/keys/load.js";
import { KMS_CREDENTIALS, KMS_KEY_ID, KMS_REGION, LocalKms } from "../helpers/localKms.js";
import { codeOf } from "../helpers/rejection.js";

const root = path.resolve(import.meta.dirname, "../..");
const AWS = { AWS_ACCESS_KEY_ID: KMS_CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: KMS_CREDENTIALS.secretAccessKey };
/** A test vector of BIP-39: pairs of its words stand in nothing else that is printed. */
const MNEMONIC = "legal winner thank year wave sausage worth useful legal winner thank yellow";

describe("npm run seal", () => {
  let kms: LocalKms;
  let folder: string;
  beforeEach(async () => {
    kms = await LocalKms.start(1n);
    folder = mkdtempSync(path.join(tmpdir(), "cantilever-seal-"));
  });
  afterEach(async () => {
    await kms.close();
    rmSync(folder, { recursive: true });
  });

  /** The program with something piped in; everything that it said, and what the system shows of it meanwhile. */
  async function seal(input: string, file: string) {
    const flags = [
      "--kms-key",
      KMS_KEY_ID,
      "--region",
      KMS_REGION,
      "--endpoint",
      kms.endpoint,
      "--out",
      file,
      "--json",
    ];
    const child = spawn(process.execPath, ["--import", "tsx", "keepers/seal.ts", ...flags], {
      ...{ cwd: root, env: { ...process.env, ...AWS } },
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const shown =
      process.platform === "linux"
        ? ["cmdline", "environ"].map((name) => readFileSync(`/proc/${String(child.pid)}/${name}`, "utf8"))
        : [];
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, said, shown: shown.join("\n") };
  }
  const leaks = (text: string): string[] =>
    MNEMONIC.split(" ").filter((word, index, words) => text.includes(`${word} ${words[index + 1] ?? "\n"}`));

  it("SEAL-1 seals what was piped in for a keeper to open, and shows it nowhere", async () => {
    const file = path.join(folder, "envelope.json");
    const { code, said, shown } = await seal(`${MNEMONIC}\n`, file);
    const { address } = HDNodeWallet.fromPhrase(MNEMONIC);
    const answer = JSON.parse(said.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect([code, answer["ok"], answer["address"]]).to.deep.equal([0, true, address]);
    expect(kms.served).to.deep.equal(["GenerateDataKey", "Decrypt"]);
    expect(leaks(`${said}\n${shown}\n${readFileSync(file, "utf8")}`)).to.deep.equal([]);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(readdirSync(folder)).to.deep.equal(["envelope.json"]);

    const saved = Object.keys(AWS).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, AWS);
    try {
      const place = { KEEPER_KMS_REGION: KMS_REGION, KEEPER_KMS_ENDPOINT: kms.endpoint };
      const loaded = await loadKey({ ...place, KEEPER_MNEMONIC_ENVELOPE_FILE: file }, "KEEPER");
      expect([loaded?.source, loaded?.account.address]).to.deep.equal(["mnemonic-envelope", address]);
    } finally {
      for (const [name, value] of saved) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
    }

    const again = await seal(MNEMONIC, file);
    expect([again.code, again.said.includes("ENVELOPE_NOT_WRITTEN"), leaks(again.said)]).to.deep.equal([1, true, []]);
  });

  it("SEAL-1 refuses words with a wrong checksum without repeating them, before the KMS is asked", async () => {
    const file = path.join(folder, "envelope.json");
    const { code, said } = await seal(MNEMONIC.split(" ").reverse().join(" "), file);
    expect([code, said.includes("MNEMONIC_INVALID"), leaks(said)]).to.deep.equal([2, true, []]);
    expect([kms.served, existsSync(file)]).to.deep.equal([[], false]);
  });

  it("SEAL-1 at a terminal shows nothing, takes corrections, and gives the terminal back", async () => {
    const modes: boolean[] = [];
    const terminal = (typed: string): SecretInput => {
      const stream = new PassThrough();
      stream.end(typed);
      const isTTY = true as const;
      const setRawMode = (mode: boolean) => modes.push(mode);
      return Object.assign(stream, { isTTY, setRawMode }) as unknown as SecretInput;
    };
    let shown = "";
    const ask = (typed: string) => askSecret(terminal(typed), "? ", (text) => (shown += text));
    const asked = await ask("worz\u007fd\rnever read");
    expect(asked.use((text) => text === "word")).to.equal(true);
    expect(await codeOf(ask("wo\u0003"))).to.equal("SECRET_ABORTED");
    expect(await codeOf(ask("\r"))).to.equal("SECRET_MISSING");
    expect(shown).to.equal("? \n? \n? \n");
    expect(modes).to.deep.equal([true, false, true, false, true, false]);
  });
});
