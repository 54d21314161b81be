#!/usr/bin/env bash
# The linker that cargo calls: takes the bitcode out of what rustc made, lets LLVM optimise it and write BPF code, and has relink.py
# turn that into an SBPFv3 program at the -o path, with a line about it in <path without .so>.sbf.txt.
#   SBF_KEEP=FOLDER    keeps what lies in between there
set -euo pipefail
here=$(cd "$(dirname "$0")"; pwd)
run=${SBF_TOOLS:?}/llvm-run
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

out=
inputs=()
while [ $# -gt 0 ]; do
  case $1 in
    -o) out=$2; shift ;;
    */symbols.o) ;;
    *.o | *.rlib) inputs+=("$1") ;;
  esac
  shift
done
rm -f "$out" # cargo hard-links it elsewhere: never write into the old file

modules=()
builtins=
for input in "${inputs[@]}"; do
  case $input in
    *.rlib)
      folder=$(mktemp -d -p "$work")
      (cd "$folder"; "$run" llvm-ar x "$input")
      for module in "$folder"/*.o; do [ ! -e "$module" ] || modules+=("$module"); done
      case $input in *libcompiler_builtins-*) builtins=$input ;; esac ;;
    *) modules+=("$input") ;;
  esac
done
bitcode=()
for module in "${modules[@]}"; do [ "$(head -c 2 "$module")" != BC ] || bitcode+=("$module"); done

"$run" llvm-link -S -o "$work/0.ll" "${bitcode[@]}"
if ! grep -qE '^define .*@entrypoint\(' "$work/0.ll"; then
  # A dependency that is a cdylib, too, or a program compiled without its entry point: nothing to run on chain.
  echo "no entry point in this cdylib" > "$out"
  exit 0
fi
# compiler_builtins passes i128 by pointer, LLVM's own calls by value, and f32 results differ: shims.ll stands between.
wrap='__(mul|div|mod|udiv|umod)ti3|__(add|sub|mul|div)sf3|__truncdfsf2|__float(un)?[sd]isf|__float(un)?ti[sd]f|__fix(uns)?[sd]fti'
sed -E "s/@($wrap)\(/@rs_\1(/g" "$work/0.ll" > "$work/1.ll"
"$run" llvm-link -o "$work/1.bc" "$work/1.ll" "$here/shims.ll"
# What llc may call on its own must outlive the optimiser.
keep=entrypoint,__sbf_sdiv,__sbf_srem,$("$run" llvm-nm --defined-only "$builtins" 2> /dev/null | awk '{print $3}' |
  grep -E '^(__[a-z0-9_]+|mem(cpy|move|set|cmp)|bcmp)$' | sort -u | paste -sd,)
"$run" opt -passes='internalize,globaldce,lower-atomic,default<O2>,lower-atomic,globaldce' \
  --internalize-public-api-list="$keep" -S -o "$work/2.ll" "$work/1.bc"
python3 "$here/signed_div.py" "$work/2.ll" "$work/3.ll"
# -mcpu=v2: v3 has instructions that mean something else in SBPFv3, or nothing. Copies of up to 128 words are unrolled.
"$run" llc -march=bpfel -mcpu=v2 -mattr=+allows-misaligned-mem-access -bpf-stack-size=4096 -bpf-allows-libcalls \
  -bpf-disable-trap-unreachable -function-sections -data-sections -stack-size-section -bpf-max-stores-per-memfunc=128 \
  -filetype=obj -o "$work/out.o" "$work/3.ll"
[ -z "${SBF_KEEP:-}" ] || { mkdir -p "$SBF_KEEP"; cp "$work"/3.ll "$work"/out.o "$SBF_KEEP/"; }
python3 "$here/relink.py" "$work/out.o" "$out" > "${out%.so}.sbf.txt"
