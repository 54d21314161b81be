#!/usr/bin/env bash
# build.sh TARGET OUT PACKAGE…: compiles programs of this workspace to SBPFv3 with the tools of fetch-tools.sh, below the folder
# TARGET, and copies them to OUT/<library>.so. One package per cargo call: together, the `cpi` feature that one program switches on
# in another (`no-entrypoint`) would reach that program itself.
#   SBF_TOOLS    folder of the tools (default /opt/sbf-tools); its path goes into the bytes, the paths of all else do not
set -euo pipefail
here=$(cd "$(dirname "$0")"; pwd)
root=$(cd "$here/../../.."; pwd)
SBF_TOOLS=$(realpath -m "${SBF_TOOLS:-/opt/sbf-tools}")
target=$(realpath -m "$1")
out=$(realpath -m "$2")
shift 2
mkdir -p "$out"

# Whatever this shell or machine sets for other builds stays out of this one.
for name in $(compgen -e); do
  case $name in RUSTFLAGS | RUSTC_* | CARGO_ENCODED_* | CARGO_BUILD_* | CARGO_PROFILE_* | CARGO_TARGET_* | CARGO_UNSTABLE_*) unset "$name" ;; esac
done
# Cargo watches neither the library's sources nor the linker: a change of either changes this flag, and all is compiled again.
stamp=$(cat "$here"/{build.sh,link.sh,relink.py,signed_div.py,shims.ll,sbf-solana.json} "$SBF_TOOLS/versions" | sha256sum | head -c 8)
remap="--remap-path-prefix=$root=/src --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$SBF_TOOLS=/rust"
export SBF_TOOLS CARGO_TARGET_DIR=$target RUSTFLAGS="-Zunstable-options --cfg sbf_tools_$stamp $remap"
# Target and linker are found by name, so that their paths do not matter. The rest opens what stable Rust keeps closed.
export RUST_TARGET_PATH=$here PATH=$here:$PATH
export RUSTC_BOOTSTRAP=1 RUSTC_BOOTSTRAP_SYNTHETIC_TARGET=1 __CARGO_TESTS_ONLY_SRC_ROOT=$SBF_TOOLS/library

compile() {
  cargo build --locked --release --target sbf-solana -Zbuild-std=std,panic_abort -Zbuild-std-features=compiler-builtins-mem \
    --config 'target.sbf-solana.linker="link.sh"' --manifest-path "$root/Cargo.toml" -p "$1"
}
is_program() { [ -f "$1" ] && [ "$(head -c 4 "$1" | tail -c 3)" = ELF ]; }

for package in "$@"; do
  library=${package//-/_}
  release=$target/sbf-solana/release
  so=$release/lib$library.so
  compile "$package"
  if ! is_program "$so"; then
    # Building a program that calls this one has left its variant without entry point under the same name.
    rm -rf "$release/.fingerprint/$package"-* "$release/deps/lib$library.so" "$so"
    compile "$package"
  fi
  is_program "$so" || { echo "$package has no entry point (is its feature no-entrypoint on?)" >&2; exit 1; }
  cp "$so" "$out/$library.so"
  echo "$library.so: $(cat "$release/deps/lib$library.sbf.txt")"
done
