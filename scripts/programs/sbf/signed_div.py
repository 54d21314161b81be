#!/usr/bin/env python3
"""signed_div.py IN.ll OUT.ll: BPF of -mcpu=v2 has no signed division; calls __sbf_sdiv and __sbf_srem of shims.ll instead.

They take about 15 compute units; __divdi3 of compiler_builtins, which divides bit by bit, takes 500."""
import re
import sys

DIVISION = re.compile(r"^( +)(%\S+) = (sdiv|srem)( exact)? (i8|i16|i32|i64) ([^,]+), ([^,\n]+)(.*)$", re.M)


def call(match):
    indent, result, operation, _exact, width, a, b, rest = match.groups()
    function = "__sbf_sdiv" if operation == "sdiv" else "__sbf_srem"
    if width == "i64":
        return f"{indent}{result} = call i64 @{function}(i64 {a}, i64 {b}){rest}"
    name = '%"' + result.strip("%").strip('"') + ".sd"
    return "\n".join(
        (
            f'{indent}{name}a" = sext {width} {a} to i64',
            f'{indent}{name}b" = sext {width} {b} to i64',
            f'{indent}{name}r" = call i64 @{function}(i64 {name}a", i64 {name}b")',
            f'{indent}{result} = trunc i64 {name}r" to {width}',
        )
    )


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        text = DIVISION.sub(call, file.read())
    # Division of i128 is a library call of LLVM's own; of vectors, llc never gets any.
    left = re.search(r"^ +%\S+ = (sdiv|srem) (?!i128).*$", text, re.M)
    if left:
        sys.exit(f"signed_div.py: division not handled: {left.group(0).strip()}")
    with open(sys.argv[2], "w") as file:
        file.write(text)
