import { Signature, Wallet } from "ethers";
import { expect } from "chai";

import {
  attestationsSchema,
  countingSignatures,
  enoughSignatures,
  signerOf,
  type Attestation,
  type WantedAttestation,
} from "../../protocol/attestations.js";
import { attestationDomain, attestationTypes, type AttestationKind } from "../../protocol/bridgeMessage.js";

const ORDER = BigInt("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");

describe("protocol/attestations", () => {
  const walletOf = (number: number): Wallet => new Wallet(`0x${String(number).padStart(64, "0")}`);
  const owners = [walletOf(1), walletOf(2)] as const;
  const wallets = [...owners, walletOf(3)];
  const members = new Set(wallets.map(({ address }) => address));
  const place = { chainId: 138n, bridge: `0x${"b".repeat(40)}` };
  const wanted: WantedAttestation = { place, kind: "deliver", messageId: `0x${"1".repeat(64)}`, epoch: 4n };

  async function attested(
    wallet: Wallet,
    { kind = "deliver", epoch = 4n, chainId = 138n }: { kind?: AttestationKind; epoch?: bigint; chainId?: bigint } = {},
  ): Promise<Attestation> {
    const domain = attestationDomain({ ...place, chainId });
    const value = { messageId: wanted.messageId, signerEpoch: epoch };
    const signature = await wallet.signTypedData(domain, attestationTypes(kind), value);
    return { kind, chainId: String(chainId), epoch: String(epoch), signature };
  }
  const ownerOf = (at: 0 | 1): Wallet => owners[at];

  it("counts what members of the set have signed for this chain, epoch and kind, once each", async () => {
    const good = await attested(ownerOf(0));
    const stranger = await attested(new Wallet(`0x${"9".repeat(64)}`));
    const others = await Promise.all([
      attested(ownerOf(1), { kind: "refund" }),
      attested(ownerOf(1), { epoch: 3n }),
      attested(ownerOf(1), { chainId: 651_940n }),
    ]);
    const found = countingSignatures([good, good, stranger, ...others], wanted, members);
    expect([...found]).to.deep.equal([[ownerOf(0).address, good.signature]]);
    // What only claims to be for this epoch recovers to somebody else.
    const lie = { ...(await attested(ownerOf(1), { epoch: 3n })), epoch: "4" };
    expect(countingSignatures([lie], wanted, members).size).to.equal(0);
  });

  it("knows nobody behind the other root of a signature, or behind none", async () => {
    const { signature } = await attested(ownerOf(0));
    const { r, s, v } = Signature.from(signature);
    const high = (ORDER - BigInt(s)).toString(16).padStart(64, "0");
    const mirrored = `${r}${high}${v === 27 ? "1c" : "1b"}`;
    expect(signerOf(wanted, signature)).to.equal(ownerOf(0).address);
    expect(signerOf(wanted, mirrored)).to.equal(undefined);
    expect(signerOf(wanted, `0x${"0".repeat(130)}`)).to.equal(undefined);
  });

  it("gives as many as are asked for, ascending by signer, or none", async () => {
    const all = await Promise.all(wallets.map((wallet) => attested(wallet)));
    const found = countingSignatures(all, wanted, members);
    const sorted = [...found].sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1)).map(([, signature]) => signature);
    expect(enoughSignatures(found, 2)).to.deep.equal(sorted.slice(0, 2));
    expect(enoughSignatures(found, 3)).to.deep.equal(sorted);
    expect([enoughSignatures(found, 4), enoughSignatures(found, 0)]).to.deep.equal([undefined, undefined]);
  });

  it("refuses an answer without end, and what is no signature", async () => {
    const one = await attested(ownerOf(0));
    expect(attestationsSchema.safeParse({ attestations: Array(64).fill(one) }).success).to.equal(true);
    expect(attestationsSchema.safeParse({ attestations: Array(65).fill(one) }).success).to.equal(false);
    expect(attestationsSchema.safeParse({ attestations: [{ ...one, signature: "0x12" }] }).success).to.equal(false);
  });
});
