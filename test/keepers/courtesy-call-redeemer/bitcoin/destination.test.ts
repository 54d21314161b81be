import { Address, p2pkh, p2sh, p2tr, p2wpkh, p2wsh, TEST_NETWORK } from "@scure/btc-signer";
import { expect } from "chai";

import {
  addressOf,
  BITCOIN_NETWORKS,
  parseDestination,
} from "../../../../keepers/courtesy-call-redeemer/bitcoin/destination.js";
import { codeThrown } from "../../../helpers/thrown.js";

/** Generator point of the curve, as BIP 173 uses it. */
const KEY = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const PKH = "751e76e8199196d454941c45d1b3a323f1433bd6";
/** From BIP 173, BIP 350 and the wiki of addresses: text, network, script, kind. */
const VECTORS = [
  ["BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "main", `0014${PKH}`, "p2wpkh"],
  ["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "main", `0014${PKH}`, "p2wpkh"],
  ["tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "testnet", `0014${PKH}`, "p2wpkh"],
  [
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
    "testnet",
    "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
    "p2wsh",
  ],
  ["1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", "main", `76a914${PKH}88ac`, "p2pkh"],
  ["3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN", "main", "a914bcfeb728b584253d5f3f70bcb780e9ef218a68f487", "p2sh"],
] as const;

describe("courtesy-call-redeemer/bitcoin/destination", () => {
  for (const [text, network, script, kind] of VECTORS) {
    it(`BTC-1 reads ${kind} of ${network} (${text.slice(0, 8)}) and shows it again`, () => {
      const destination = parseDestination(text, network);
      expect(Buffer.from(destination.script).toString("hex")).to.equal(script);
      expect(destination.kind).to.equal(kind);
      expect(destination.prefixedScript).to.equal(`0x${(script.length / 2).toString(16).padStart(2, "0")}${script}`);
      expect(destination.address).to.equal(kind.startsWith("p2w") ? text.toLowerCase() : text);
      expect(addressOf(destination.script, network)).to.equal(destination.address);
    });
  }

  it("BTC-1 pays a compressed public key by its hash, and refuses a point that is on no curve", () => {
    const destination = parseDestination(KEY, "main");
    expect(destination.address).to.equal("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
    const offCurve = `02${"ff".repeat(32)}`;
    expect(codeThrown(() => parseDestination(offCurve, "main"))).to.equal("BTC_ADDRESS_INVALID");
  });

  it("BTC-1 refuses P2TR by name, on every network", () => {
    // BIP 350.
    const taproot = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";
    expect(codeThrown(() => parseDestination(taproot, "main"))).to.equal("BTC_ADDRESS_UNSUPPORTED");
    const test = p2tr(Buffer.from(KEY.slice(2), "hex"), undefined, TEST_NETWORK).address;
    expect(codeThrown(() => parseDestination(test, "testnet"))).to.equal("BTC_ADDRESS_UNSUPPORTED");
  });

  it("BTC-1 refuses the address of another network by name, whatever its kind", () => {
    const key = Buffer.from(KEY, "hex");
    let tried = 0;
    for (const network of BITCOIN_NETWORKS) {
      const parameters = { main: undefined, testnet: TEST_NETWORK, regtest: { ...TEST_NETWORK, bech32: "bcrt" } };
      for (const { address } of [p2wpkh(key, parameters[network]), p2wsh(p2pkh(key), parameters[network])]) {
        for (const other of BITCOIN_NETWORKS.filter((one) => one !== network)) {
          expect(codeThrown(() => parseDestination(address, other))).to.equal("BTC_ADDRESS_WRONG_NETWORK");
          tried += 1;
        }
      }
    }
    expect(tried).to.equal(12);
    for (const { address } of [p2pkh(key), p2sh(p2wpkh(key))]) {
      expect(codeThrown(() => parseDestination(address, "testnet"))).to.equal("BTC_ADDRESS_WRONG_NETWORK");
    }
  });

  it("BTC-1 finds every single wrong letter", () => {
    let tried = 0;
    for (const [text, network] of VECTORS) {
      for (let place = 0; place < text.length; place += 1) {
        const letter = text[place] === "q" || text[place] === "Q" ? "p" : text[place] === "2" ? "3" : "2";
        const wrong = text.slice(0, place) + letter + text.slice(place + 1);
        expect(
          codeThrown(() => parseDestination(wrong, network)),
          wrong,
        ).to.be.oneOf(["BTC_ADDRESS_INVALID", "BTC_ADDRESS_WRONG_NETWORK"]);
        tried += 1;
      }
    }
    expect(tried).to.be.greaterThan(200);
    for (const text of ["", " ", "bc1", "0x00", KEY.slice(2), `04${KEY.slice(2)}${KEY.slice(2)}`]) {
      expect(
        codeThrown(() => parseDestination(text, "main")),
        text,
      ).to.equal("BTC_ADDRESS_INVALID");
    }
  });

  it("BTC-1 shows the address of each network as the library does", () => {
    const { script } = p2wpkh(Buffer.from(KEY, "hex"));
    expect(addressOf(script, "regtest")).to.match(/^bcrt1q/);
    expect(addressOf(script, "testnet")).to.equal(
      Address(TEST_NETWORK).encode({ type: "wpkh", hash: Buffer.from(PKH, "hex") }),
    );
  });
});
