import { expect } from "chai";

import { AttestingKey } from "../../../keepers/bridge-attestor/key.js";
import { enoughSignatures, signerOf } from "../../../protocol/attestations.js";
import type { AttestationKind, BridgePlace } from "../../../protocol/bridgeMessage.js";
import { walletAccount, type TypedDataSigner } from "../../../keepers/kit/keys/account.js";
import { attestorWallets } from "../../helpers/bridgeChains.js";
import { codeOf } from "../../helpers/rejection.js";

const home: BridgePlace = { chainId: 138n, bridge: "0x00000000000000000000000000000000000000B1" };
const abroad: BridgePlace = { chainId: 651940n, bridge: "0x00000000000000000000000000000000000000B2" };
const ID = `0x${"ab".repeat(32)}`;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function walletOf(index: number) {
  const wallet = attestorWallets[index];
  if (wallet === undefined) throw new Error("there is no such attestor");
  return wallet;
}

describe("keepers/bridge-attestor/key", () => {
  const wanted = { place: home, kind: "deliver", messageId: ID, epoch: 4n } as const;
  const keyOf = (index: number): Promise<AttestingKey> =>
    AttestingKey.of(walletAccount(walletOf(index)), [home, abroad]);

  it("ATTEST-14 signs two types for two bridges, and nothing else", async () => {
    const key = await keyOf(0);
    for (const place of [home, abroad]) {
      for (const kind of ["deliver", "refund"] as const) {
        const signature = await key.sign(place, kind, ID, 4n);
        expect(signerOf({ place, kind, messageId: ID, epoch: 4n }, signature)).to.equal(key.address);
        // The same words elsewhere, or other words here, are another digest.
        const others = [home, abroad].flatMap((at) =>
          (["deliver", "refund"] as const).map((of) => ({ place: at, kind: of })),
        );
        const same = others.filter(
          (other) => signerOf({ ...other, messageId: ID, epoch: 4n }, signature) === key.address,
        );
        expect(same).to.deep.equal([{ place, kind }]);
        expect(signerOf({ place, kind, messageId: ID, epoch: 5n }, signature)).to.not.equal(key.address);
      }
    }
    const refused: readonly (readonly [BridgePlace, string, string, bigint])[] = [
      [{ ...home, chainId: 1n }, "deliver", ID, 4n],
      [{ ...home, bridge: abroad.bridge }, "deliver", ID, 4n],
      [home, "permit", ID, 4n],
      [home, "deliver", "0x12", 4n],
      [home, "deliver", ID, 0n],
    ];
    for (const [place, kind, id, epoch] of refused) {
      expect(await codeOf(key.sign(place, kind as AttestationKind, id, epoch))).to.equal("ATTESTING_POLICY");
    }
    expect(key.rules().map(({ type, domain }) => `${type} ${String(domain.chainId)}`)).to.deep.equal([
      "Delivery(bytes32 messageId,uint256 signerEpoch) 138",
      "Refund(bytes32 messageId,uint256 signerEpoch) 138",
      "Delivery(bytes32 messageId,uint256 signerEpoch) 651940",
      "Refund(bytes32 messageId,uint256 signerEpoch) 651940",
    ]);
    expect(JSON.stringify(key)).to.not.contain(walletOf(0).privateKey.slice(2));
  });

  it("ATTEST-14 lets no signature out that another key made", async () => {
    const [own, other] = [walletAccount(walletOf(0)), walletAccount(walletOf(1))];
    const broken: TypedDataSigner = { ...other, getAddress: () => own.getAddress() };
    const key = await AttestingKey.of(broken, [home]);
    expect(await codeOf(key.sign(home, "deliver", ID, 1n))).to.equal("SIGNER_MISMATCH");
  });

  it("ATTEST-15 counts canonical signatures only, and gives them in the order of their signers", async () => {
    const signatures = new Map<string, string>();
    for (const index of [2, 0, 1]) {
      const key = await keyOf(index);
      signatures.set(key.address, await key.sign(home, "deliver", ID, 4n));
    }
    const ordered = attestorWallets.map(({ address }) => signatures.get(address) ?? "");
    expect(enoughSignatures(signatures, 2)).to.deep.equal(ordered.slice(0, 2));
    expect(enoughSignatures(signatures, 3)).to.deep.equal(ordered);
    expect(enoughSignatures(signatures, 4)).to.equal(undefined);
    expect(enoughSignatures(signatures, 0)).to.equal(undefined);
    const [good = ""] = ordered;
    expect(signerOf(wanted, good)).to.equal(attestorWallets[0]?.address);
    // The same signature with the other half of s, with another recovery id, and in the short form.
    const s = BigInt(`0x${good.slice(66, 130)}`);
    const flipped = good.endsWith("1b") ? "1c" : "1b";
    const high = `${good.slice(0, 66)}${(N - s).toString(16).padStart(64, "0")}${flipped}`;
    expect(signerOf(wanted, high)).to.equal(undefined);
    expect(signerOf(wanted, `${good.slice(0, 130)}${good.endsWith("1b") ? "00" : "01"}`)).to.equal(undefined);
    expect(signerOf(wanted, good.slice(0, 130))).to.equal(undefined);
    expect(signerOf(wanted, `0x${"00".repeat(65)}`)).to.equal(undefined);
  });
});
