import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { HDNodeWallet, Signature, Transaction, verifyTypedData } from "ethers";

import { CURVE_ORDER } from "../../../../keepers/kit/keys/der.js";
import { openEnvelope, parseEnvelope, PURPOSE, sealMnemonic } from "../../../../keepers/kit/keys/envelope.js";
import { openKms } from "../../../../keepers/kit/keys/kmsClient.js";
import { openKmsAccount } from "../../../../keepers/kit/keys/kmsSigner.js";
import { keyVariables, loadKey } from "../../../../keepers/kit/keys/load.js";
import { Secret } from "../../../../keepers/kit/keys/secret.js";
import { signCall } from "../../../../keepers/kit/signer.js";
import { CantileverError } from "../../../../protocol/errors.js";
import { DEVELOPMENT_MNEMONIC } from "../../../../protocol/params/rules.js";
import type { RawSignature } from "../../../helpers/ecdsa.js";
import { KMS_CREDENTIALS, KMS_KEY_ID, KMS_REGION, LocalKms } from "../../../helpers/localKms.js";

const PRIVATE_KEY = 0x1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdefn;
const PATH = "m/44'/60'/0'/0/0";
const CALL = {
  to: "0x00000000000000000000000000000000000000AA",
  data: "0x12",
  valueWei: 0n,
  gasLimit: 21_000n,
  nonce: 3,
  chainId: 138,
  fees: { maxFeePerGasWei: 7n, priorityFeeWei: 2n },
  legacy: false,
};

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CantileverError) return `${error.constructor.name} ${error.code}`;
    throw error;
  }
  return "accepted";
}

describe("keepers/kit/keys: AWS KMS", () => {
  let kms: LocalKms;
  const place = () => ({ keyId: KMS_KEY_ID, region: KMS_REGION, endpoint: kms.endpoint });
  const open = (address = kms.address, credentials = KMS_CREDENTIALS, timeoutMs = 5_000) =>
    openKmsAccount(openKms(place(), timeoutMs, credentials), place(), address);
  beforeEach(async () => {
    kms = await LocalKms.start(PRIVATE_KEY);
  });
  afterEach(async () => {
    await kms.close();
  });

  const HALF = CURVE_ORDER / 2n;
  const highBit = (value: bigint): boolean => value >> 255n === 1n;
  const short = (value: bigint): boolean => value < 2n ** 248n;
  for (const [what, shape] of [
    ["a low s", ({ s }) => s <= HALF],
    ["a high s", ({ s }) => s > HALF],
    ["r with the high bit", ({ r }) => highBit(r)],
    ["r without it", ({ r }) => !highBit(r)],
    ["r of fewer than 32 bytes", ({ r }) => short(r)],
    ["s of fewer than 32 bytes", ({ s }) => short(s)],
  ] as readonly [string, (signature: RawSignature) => boolean][]) {
    it(`SIGN-9 signs a transaction that its address recovers from: ${what}`, async () => {
      kms.shape = shape;
      const account = await open();
      expect(account.remote).to.equal(true);
      const { bytes, hash } = await signCall(account, CALL);
      const parsed = Transaction.from(bytes);
      expect([parsed.from, parsed.hash, parsed.nonce, parsed.to]).to.deep.equal([kms.address, hash, 3, CALL.to]);
      expect(BigInt(Signature.from(parsed.signature ?? undefined).s) <= HALF).to.equal(true);
      expect(kms.served).to.deep.equal(["GetPublicKey", "Sign"]);
      expect(kms.unsigned).to.deep.equal([]);
    });
  }

  it("SIGN-9 signs for chains without a base fee, and typed data", async () => {
    const account = await open();
    const { bytes } = await signCall(account, { ...CALL, legacy: true });
    expect([Transaction.from(bytes).from, Transaction.from(bytes).type]).to.deep.equal([kms.address, 0]);
    const types = { Round: [{ name: "roundId", type: "uint32" }] };
    const signature = await account.signTypedData({ name: "x" }, types, { roundId: 1 });
    expect(verifyTypedData({ name: "x" }, types, { roundId: 1 }, signature)).to.equal(kms.address);
  });

  it("SIGN-10 refuses a key that is not the configured one, at the start and at every signature", async () => {
    expect(await codeOf(open("0x00000000000000000000000000000000000000AA"))).to.equal("PermanentError KMS_WRONG_KEY");
    const account = await open();
    kms.replaceKey(PRIVATE_KEY + 1n);
    expect(await codeOf(signCall(account, CALL))).to.equal("PermanentError KMS_WRONG_KEY");
  });

  it("SIGN-10 refuses a key of another kind, and answers that are none", async () => {
    for (const change of [{ KeySpec: "ECC_NIST_P256" }, { KeyUsage: "ENCRYPT_DECRYPT" }, { SigningAlgorithms: [] }]) {
      kms.answer = (operation, body) => (operation === "GetPublicKey" ? { ...body, ...change } : body);
      expect(await codeOf(open())).to.equal("PermanentError KMS_WRONG_KEY");
    }
    kms.answer = (_, body) => ({ ...body, PublicKey: Buffer.from("key").toString("base64") });
    expect(await codeOf(open())).to.equal("PermanentError DER_MALFORMED");
    kms.answer = (operation, body) => (operation === "Sign" ? { ...body, Signature: "MAA=" } : body);
    const account = await open();
    expect(await codeOf(signCall(account, CALL))).to.equal("PermanentError DER_MALFORMED");
  });

  it("repeats what is throttled, and calls it retryable when that does not help", async () => {
    const account = await open();
    kms.fault = (_, count) => (count === 2 ? { status: 400, error: "ThrottlingException" } : undefined);
    expect(await codeOf(signCall(account, CALL))).to.equal("accepted");
    kms.fault = () => ({ status: 400, error: "ThrottlingException" });
    expect(await codeOf(signCall(account, CALL))).to.equal("RetryableError KMS_UNAVAILABLE");
    kms.fault = () => ({ status: 500, error: "KMSInternalException" });
    expect(await codeOf(signCall(account, CALL))).to.equal("RetryableError KMS_UNAVAILABLE");
    kms.fault = () => "drop";
    expect(await codeOf(signCall(account, CALL))).to.equal("RetryableError KMS_UNAVAILABLE");
  });

  it("does not wait for a KMS that never answers", async () => {
    const account = await open(kms.address, KMS_CREDENTIALS, 150);
    kms.fault = () => "hang";
    expect(await codeOf(signCall(account, CALL))).to.equal("RetryableError KMS_UNAVAILABLE");
  });

  it("does not repeat a refusal", async () => {
    kms.fault = () => ({ status: 400, error: "AccessDeniedException" });
    expect(await codeOf(open())).to.equal("PermanentError KMS_REFUSED");
    kms.fault = () => ({ status: 400, error: "DisabledException" });
    expect(await codeOf(open())).to.equal("PermanentError KMS_REFUSED");
  });

  it("has its requests checked: a wrong secret gets no answer", async () => {
    const wrong = { ...KMS_CREDENTIALS, secretAccessKey: "another secret" };
    expect(await codeOf(open(kms.address, wrong))).to.equal("PermanentError KMS_REFUSED");
    expect(kms.served).to.deep.equal([]);
    expect(kms.unsigned).to.deep.equal(["SignatureDoesNotMatch"]);
  });

  describe("a mnemonic under a data key", () => {
    const wallet = HDNodeWallet.fromPhrase(DEVELOPMENT_MNEMONIC, "", PATH);
    const seal = (): string => sealMnemonic(new Secret(DEVELOPMENT_MNEMONIC), PATH, kms.dataKey({ purpose: PURPOSE }));
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "keeper-envelope-"));
    });
    after(() => {
      rmSync(folder, { recursive: true });
    });

    it("SIGN-11 opens, and leaves neither the data key nor the decrypted bytes in memory", async () => {
      const sealed = kms.dataKey({ purpose: PURPOSE });
      const dataKey = Buffer.from(sealed.plaintext);
      const envelope = parseEnvelope(sealMnemonic(new Secret(DEVELOPMENT_MNEMONIC), PATH, sealed));
      expect(
        sealed.plaintext.every((byte) => byte === 0),
        "sealing",
      ).to.equal(true);
      expect(dataKey.some((byte) => byte !== 0)).to.equal(true);
      const account = await openEnvelope(envelope, () => Promise.resolve(dataKey));
      expect(account.address).to.equal(wallet.address);
      expect(account.remote).to.equal(undefined);
      expect(
        dataKey.every((byte) => byte === 0),
        "opening",
      ).to.equal(true);
    });

    it("SIGN-11 erases the data key also when it opens nothing", async () => {
      const envelope = parseEnvelope(seal());
      const wrong = Buffer.alloc(32, 7);
      expect(await codeOf(openEnvelope(envelope, () => Promise.resolve(wrong)))).to.equal(
        "PermanentError ENVELOPE_REFUSED",
      );
      expect(wrong.every((byte) => byte === 0)).to.equal(true);
      const text = JSON.parse(seal()) as Record<string, string>;
      const tampered = Buffer.from(text["ciphertext"] ?? "", "base64");
      tampered.writeUInt8((tampered[0] ?? 0) ^ 1, 0);
      const file = parseEnvelope(JSON.stringify({ ...text, ciphertext: tampered.toString("base64") }));
      const key = kms.dataKey({ purpose: PURPOSE }).plaintext;
      expect(await codeOf(openEnvelope(file, () => Promise.resolve(key)))).to.equal("PermanentError ENVELOPE_REFUSED");
    });

    it("SIGN-10 is loaded through the KMS from the environment, like every other source, and never two at once", async () => {
      const file = join(folder, "envelope.json");
      writeFileSync(file, seal());
      const place = { KEEPER_KMS_REGION: KMS_REGION, KEEPER_KMS_ENDPOINT: kms.endpoint };
      // The SDK reads its credentials from the environment of the process.
      const saved = { id: process.env["AWS_ACCESS_KEY_ID"], key: process.env["AWS_SECRET_ACCESS_KEY"] };
      process.env["AWS_ACCESS_KEY_ID"] = KMS_CREDENTIALS.accessKeyId;
      process.env["AWS_SECRET_ACCESS_KEY"] = KMS_CREDENTIALS.secretAccessKey;
      try {
        const weak = await loadKey({ ...place, KEEPER_MNEMONIC_ENVELOPE_FILE: file }, "KEEPER");
        expect([weak?.source, weak?.account.address]).to.deep.equal(["mnemonic-envelope", wallet.address]);
        const byKms = { ...place, KEEPER_KMS_KEY_ID: KMS_KEY_ID, KEEPER_ADDRESS: kms.address };
        const strong = await loadKey(byKms, "KEEPER");
        expect([strong?.source, strong?.account.address]).to.deep.equal(["kms", kms.address]);
        const both = { ...byKms, KEEPER_MNEMONIC_ENVELOPE_FILE: file };
        expect(await codeOf(loadKey(both, "KEEPER"))).to.equal("PermanentError KEY_AMBIGUOUS");
        const otherAddress = { ...place, KEEPER_MNEMONIC_ENVELOPE_FILE: file, KEEPER_ADDRESS: kms.address };
        expect(await codeOf(loadKey(otherAddress, "KEEPER"))).to.equal("PermanentError KEY_WRONG_ADDRESS");
        expect(await codeOf(loadKey({ KEEPER_KMS_KEY_ID: "x" }, "KEEPER"))).to.equal("PermanentError KEY_INCOMPLETE");
        writeFileSync(file, "{}");
        expect(await codeOf(loadKey({ ...place, KEEPER_MNEMONIC_ENVELOPE_FILE: file }, "KEEPER"))).to.equal(
          "PermanentError ENVELOPE_MALFORMED",
        );
      } finally {
        restore("AWS_ACCESS_KEY_ID", saved.id);
        restore("AWS_SECRET_ACCESS_KEY", saved.key);
      }
      expect(keyVariables("KEEPER")).to.include.members(["KEEPER_KMS_KEY_ID", "KEEPER_ADDRESS"]);
    });
  });
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}
