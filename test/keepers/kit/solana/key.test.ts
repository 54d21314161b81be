import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createKeyPairSignerFromPrivateKeyBytes } from "@solana/kit";
import { expect } from "chai";
import { computeAddress, encryptKeystoreJson } from "ethers";

import { loadSolanaKey } from "../../../../keepers/kit/solana/key.js";
import { codeOf } from "../../../helpers/rejection.js";

const SEED = new Uint8Array(32).fill(7);
const PASSPHRASE = "correct horse";

describe("keepers/kit/solana: keys", () => {
  let folder: string;
  let file: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "cantilever-key-"));
    file = join(folder, "key.json");
    const privateKey = `0x${Buffer.from(SEED).toString("hex")}`;
    const account = { address: computeAddress(privateKey), privateKey };
    writeFileSync(file, await encryptKeystoreJson(account, PASSPHRASE, { scrypt: { N: 2 } }));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const env = (more: Record<string, string> = {}) => ({
    KEEPER_KEYSTORE_FILE: file,
    KEEPER_KEYSTORE_PASSPHRASE: PASSPHRASE,
    ...more,
  });

  it("opens a keystore whose secret is the seed", async () => {
    const { address } = await createKeyPairSignerFromPrivateKeyBytes(SEED);
    expect((await loadSolanaKey(env({ KEEPER_ADDRESS: address }), "crank", false))?.address).to.equal(address);
  });

  it("has a published key on clusters of this machine alone", async () => {
    expect(await loadSolanaKey({}, "crank", false)).to.equal(undefined);
    const [one, other] = await Promise.all(["crank", "other"].map((name) => loadSolanaKey({}, name, true)));
    expect(one?.address).to.be.a("string").and.not.equal(other?.address);
  });

  for (const [why, code, more] of [
    ["no passphrase", "PASSPHRASE_MISSING", { KEEPER_KEYSTORE_PASSPHRASE: "" }],
    ["a wrong passphrase", "KEYSTORE_REFUSED", { KEEPER_KEYSTORE_PASSPHRASE: "wrong" }],
    ["no file", "KEYSTORE_UNREADABLE", { KEEPER_KEYSTORE_FILE: "/nowhere/key.json" }],
    ["another address", "KEY_WRONG_ADDRESS", { KEEPER_ADDRESS: "5anUvcxaAwxFZ23A3ncEzschmSs3FL8XT72rUTE4yuZ9" }],
  ] as const) {
    it(`refuses ${why}`, async () => {
      expect(await codeOf(loadSolanaKey(env(more), "crank", false))).to.equal(code);
    });
  }
});
