#!/usr/bin/env python3
"""relink.py IN.o OUT.so: turns llc's relocatable object for BPF into an SBPFv3 program.

Keeps what `entrypoint` reaches, lays out read-only data at 0 and code at 1 << 32, applies relocations, turns the stack arguments that
LLVM addresses by r11 into accesses by r10, and refuses, each with a code, whatever the strict SBPFv3 loader would not load, the runtime
would execute differently, or would not fit a frame of 4096 bytes: a program that passes here runs as it was written or fails loudly."""
import struct
import sys

FRAME = 4096  # bytes of stack per call, stack arguments included
RODATA, CODE = 0, 1 << 32  # where the runtime maps the two segments
RESERVED = 16  # no object at address 0: a reference to it would be null
SHF_WRITE, SHF_EXEC = 1, 4  # section flags
SHT_SYMTAB, SHT_RELA, SHT_NOBITS, SHT_REL = 2, 4, 8, 9  # section types
STT_SECTION = 3  # symbol type
SHN_LORESERVE = 0xFF00  # section indices from here on name no section
R_64, R_ABS64, R_CALL = 1, 2, 10  # relocation types of BPF
REFUSALS_SHOWN = 20
# What the runtime may offer. Whether a cluster has a newer one switched on, deploying there shows.
SYSCALLS = set(
    """abort sol_panic_ sol_log_ sol_log_64_ sol_log_compute_units_ sol_log_pubkey sol_log_data
    sol_create_program_address sol_try_find_program_address sol_sha256 sol_sha512 sol_keccak256 sol_blake3
    sol_poseidon sol_secp256k1_recover sol_curve_validate_point sol_curve_group_op
    sol_curve_multiscalar_mul sol_curve_pairing_map sol_curve_decompress sol_alt_bn128_group_op
    sol_alt_bn128_compression sol_big_mod_exp sol_get_clock_sysvar sol_get_epoch_schedule_sysvar
    sol_get_fees_sysvar sol_get_rent_sysvar sol_get_last_restart_slot sol_get_epoch_rewards_sysvar
    sol_get_sysvar sol_get_epoch_stake sol_memcpy_ sol_memmove_ sol_memcmp_ sol_memset_
    sol_invoke_signed_c sol_invoke_signed_rust sol_set_return_data sol_get_return_data
    sol_get_processed_sibling_instruction sol_get_stack_height sol_remaining_compute_units""".split()
)


def refuse(*problems):
    """Ends the link. A problem is a code for machines and a text for people."""
    lines = [f"[{code}] {text}" for code, text in problems[:REFUSALS_SHOWN]]
    if len(problems) > REFUSALS_SHOWN:
        lines.append(f"and {len(problems) - REFUSALS_SHOWN} more")
    sys.exit("\n  ".join(["relink refused:", *lines]))


def murmur3(data):
    """Hash of a syscall's name, which its call carries."""
    mask, h = 0xFFFFFFFF, 0
    rotl = lambda x, r: ((x << r) | (x >> (32 - r))) & mask
    body = len(data) // 4 * 4
    for i in range(0, body, 4):
        k = rotl(struct.unpack_from("<I", data, i)[0] * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask
        h = (rotl(h ^ k, 13) * 5 + 0xE6546B64) & mask
    if data[body:]:
        k = int.from_bytes(data[body:], "little")
        h ^= rotl(k * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & mask
    h = (h ^ h >> 13) * 0xC2B2AE35 & mask
    return h ^ h >> 16


def opcodes():
    """What -mcpu=v2 may emit and SBPFv3 executes with the same meaning."""
    alu = {c | m | 7 for c in (0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xA0, 0xB0, 0xC0) for m in (0, 8)}
    jmp = {c | m | 5 for c in (0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xA0, 0xB0, 0xC0, 0xD0) for m in (0, 8)}
    size = (0x00, 0x08, 0x10, 0x18)
    mem = {0x60 | s | c for s in size for c in (1, 2, 3)}
    return alu | jmp | mem | {0x05, 0x85, 0x8D, 0x95, 0x18, 0x87, 0xDC}


OPCODES = opcodes()
FOREIGN = {0xC3: "atomic operation", 0xDB: "atomic operation", **dict.fromkeys((0x81, 0x89, 0x91), "sign-extending load")}


class Object:
    """An ELF file as llc writes it: sections with their relocations, and symbols."""

    def __init__(self, raw):
        self.raw = raw
        shoff = struct.unpack_from("<Q", raw, 0x28)[0]
        entsize, count, names = struct.unpack_from("<HHH", raw, 0x3A)
        self.sections = []
        for i in range(count):
            n, t, f, _a, o, s, link, info, al, _e = struct.unpack_from("<IIQQQQIIQQ", raw, shoff + i * entsize)
            data = bytearray(s) if t == SHT_NOBITS else bytearray(raw[o : o + s])
            self.sections.append(
                dict(n=n, type=t, flags=f, off=o, size=s, link=link, info=info, align=max(al, 8), data=data, rel=[], addr=None)
            )
        base = self.sections[names]["off"]
        for s in self.sections:
            s["name"] = self.string(base + s["n"])
        table = next(s for s in self.sections if s["type"] == SHT_SYMTAB)
        strings = self.sections[table["link"]]["off"]
        self.symbols = []
        for i in range(table["size"] // 24):
            n, info, _o, shndx, val, _s = struct.unpack_from("<IBBHQQ", raw, table["off"] + i * 24)
            self.symbols.append(dict(name=self.string(strings + n), type=info & 15, shndx=shndx, val=val))
        for s in self.sections:
            if s["type"] == SHT_RELA:
                refuse(("rela", "llc writes no RELA relocations for BPF"))
            if s["type"] == SHT_REL:
                for i in range(s["size"] // 16):
                    o, inf = struct.unpack_from("<QQ", raw, s["off"] + i * 16)
                    self.sections[s["info"]]["rel"].append((o, inf & 0xFFFFFFFF, self.symbols[inf >> 32]))

    def string(self, o):
        return self.raw[o : self.raw.index(0, o)].decode()

    def frames(self):
        """Frame bytes by section index, from .stack_sizes (ULEB128)."""
        sizes = {}
        for s in self.sections:
            if s["name"] != ".stack_sizes":
                continue
            at = {o: y for o, _t, y in s["rel"]}
            p = 0
            while p < len(s["data"]):
                owner, p, value, shift = at[p], p + 8, 0, 0
                while True:
                    b = s["data"][p]
                    p, value, shift = p + 1, value | (b & 127) << shift, shift + 7
                    if b < 128:
                        break
                sizes[owner["shndx"]] = max(value, sizes.get(owner["shndx"], 0))
        return sizes


def main(src, out):
    obj = Object(bytearray(open(src, "rb").read()))
    sections, problems = obj.sections, []
    entry = next((y for y in obj.symbols if y["name"] == "entrypoint" and y["shndx"]), None)
    if entry is None:
        refuse(("no-entrypoint", "no symbol `entrypoint` (is the feature no-entrypoint on?)"))

    # reachable sections, in order of discovery: the layout does not depend on symbol names
    order, syscalls = {}, {}
    work = [entry["shndx"]]
    while work:
        i = work.pop(0)
        if i in order:
            continue
        order[i] = None
        for _o, _t, y in sections[i]["rel"]:
            if y["shndx"] == 0:
                name = {"__bpf_trap": "abort"}.get(y["name"], y["name"])
                if name not in SYSCALLS:
                    problems.append(("unknown-function", f"{sections[i]['name']}: `{name}` is neither defined nor a known syscall"))
                syscalls[name] = syscalls.get(name, 0) + 1
            elif y["shndx"] < SHN_LORESERVE:
                work.append(y["shndx"])
    text = [i for i in order if sections[i]["flags"] & SHF_EXEC]
    data = [i for i in order if not sections[i]["flags"] & SHF_EXEC]
    for i in data:
        s = sections[i]
        if s["flags"] & SHF_WRITE and not s["name"].startswith(".data.rel.ro"):
            problems.append(("writable-static", f"{s['name']}: {s['size']} bytes of writable static data; programs have none on chain"))

    def place(indices, base, start):
        p = start
        for i in indices:
            p = -(-p // sections[i]["align"]) * sections[i]["align"]
            sections[i]["addr"] = base + p
            p += len(sections[i]["data"])

    place(data, RODATA, RESERVED)
    place(text, CODE, 0)

    frames, widest = obj.frames(), 0
    starts = {sections[i]["addr"] for i in text}
    for i in text + data:
        s = sections[i]
        d = s["data"]
        for o, kind, y in s["rel"]:
            target = None if y["shndx"] == 0 else sections[y["shndx"]]["addr"] + y["val"]
            if kind == R_64:
                add = struct.unpack_from("<I", d, o + 4)[0] | struct.unpack_from("<I", d, o + 12)[0] << 32
                if target is None:
                    problems.append(("undefined-address", f"{s['name']}: address of undefined `{y['name']}`"))
                    continue
                v = (target + add) & (2**64 - 1)
                struct.pack_into("<I", d, o + 4, v & 0xFFFFFFFF)
                struct.pack_into("<I", d, o + 12, v >> 32)
                d[o + 1] &= 0x0F
            elif kind == R_ABS64:
                if target is None:
                    problems.append(("undefined-address", f"{s['name']}: address of undefined `{y['name']}`"))
                    continue
                add = struct.unpack_from("<Q", d, o)[0]
                struct.pack_into("<Q", d, o, (target + add) & (2**64 - 1))
            elif kind == R_CALL:
                if target is None:
                    name = {"__bpf_trap": "abort"}.get(y["name"], y["name"])
                    d[o + 1] &= 0x0F
                    struct.pack_into("<I", d, o + 4, murmur3(name.encode()))
                else:
                    if y["type"] == STT_SECTION:  # the immediate says where in the section
                        target += (struct.unpack_from("<i", d, o + 4)[0] + 1) * 8
                    if target not in starts:
                        problems.append(("call-target", f"{s['name']}+{o}: call does not hit the start of a function"))
                    struct.pack_into("<i", d, o + 4, (target - s["addr"] - o) // 8 - 1)
                    d[o + 1] = d[o + 1] & 0x0F | 0x10
            else:
                problems.append(("relocation", f"{s['name']}: relocation type {kind} against `{y['name']}`"))
        if i in data:
            continue
        used = frames.get(i)
        if used is None:
            problems.append(("frame-unknown", f"{s['name']}: no frame size (llc without -stack-size-section?)"))
            used = 0
        incoming, bad = rewrite_code(s)
        # stack arguments sit at the low end of the callee's frame
        widest = max(widest, used + incoming)
        if used + incoming > FRAME:
            text = f"{s['name']}: frame of {used} bytes + {incoming} bytes of stack arguments > {FRAME}"
            problems.append(("frame", f"{text}; box large locals or split the function"))
        if bad:
            code, text = bad
            problems.append((code, f"{s['name']}{text}"))
    if problems:
        refuse(*problems)

    def image(indices, base, start):
        buf = bytearray(start)
        for i in indices:
            buf.extend(b"\0" * (sections[i]["addr"] - base - len(buf)))
            buf.extend(sections[i]["data"])
        return buf + b"\0" * (-len(buf) % 8)

    ro, tx = image(data, RODATA, RESERVED), image(text, CODE, 0)
    at_ro = 64 + 2 * 56
    at_tx = at_ro + len(ro)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, 247, 1, sections[entry["shndx"]]["addr"] + entry["val"], 64, 0, 3, 64, 56, 2, 0, 0, 0)
    head += struct.pack("<IIQQQQQQ", 1, 4, at_ro, RODATA, RODATA, len(ro), len(ro), 8)
    head += struct.pack("<IIQQQQQQ", 1, 1, at_tx, CODE, CODE, len(tx), len(tx), 8)
    with open(out, "wb") as f:
        f.write(head + ro + tx)
    print(
        f"{at_tx + len(tx)} bytes (code {len(tx)}, data {len(ro)}), {len(text)} functions, "
        f"widest frame {widest}/{FRAME}, syscalls: {' '.join(sorted(syscalls))}"
    )


def rewrite_code(s):
    """Checks every instruction. Returns bytes of incoming stack arguments and the first problem or None."""
    d, incoming, bad = s["data"], 0, None
    calls = {o for o, kind, _y in s["rel"] if kind == R_CALL}
    bounds, jumps, p, last = set(), [], 0, 0
    while p < len(d):
        bounds.add(p)
        op, dst, src, off = d[p], d[p + 1] & 15, d[p + 1] >> 4, struct.unpack_from("<h", d, p + 2)[0]
        cls, last = op & 7, op
        if op not in OPCODES:
            bad = bad or ("instruction", f"+{p}: {FOREIGN.get(op, 'instruction')} {op:#x} does not exist or differs in SBPFv3")
        if cls == 7 and op not in (0x87,) and off:
            bad = bad or ("signed-operation", f"+{p}: {op:#x} with offset {off} (signed division or move) does not exist in SBPFv3")
        if cls == 5 and op not in (0x85, 0x8D, 0x95):
            jumps.append((p, p + 8 + off * 8))
        if op == 0x85 and p not in calls:  # llc resolves a call of the function to itself
            if src != 1 or p + 8 + struct.unpack_from("<i", d, p + 4)[0] * 8 != 0:
                bad = bad or ("call-target", f"+{p}: call without relocation")
        if op == 0x18:
            p += 16
            continue
        if 11 in (dst, src):
            if cls == 1 and src == 11 and off > 0:  # incoming argument
                incoming = max(incoming, off + 8)
                d[p + 1] = dst | 10 << 4
                struct.pack_into("<h", d, p + 2, off - FRAME)
            elif cls in (2, 3) and dst == 11 and off < 0:  # outgoing argument
                d[p + 1] = src << 4 | 10
                struct.pack_into("<h", d, p + 2, -off)
            else:
                bad = bad or ("r11", f"+{p}: unexpected use of r11 ({op:#x}, offset {off})")
        p += 8
    for p, target in jumps:
        if target not in bounds:
            bad = bad or ("branch", f"+{p}: branch to {target} leaves the function or splits an instruction")
    if last not in (0x95, 0x05, 0x85, 0x8D):
        bad = bad or ("open-end", ": does not end in exit, jump or call")
    return incoming, bad


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    main(*sys.argv[1:])
