#!/usr/bin/env bash
# fetch-tools.sh: puts what build.sh needs into $SBF_TOOLS (default /opt/sbf-tools): the sources of Rust's standard library from
# Debian's rust-src of exactly the installed rustc's version, patched, and LLVM 23 from Debian, run through its own loader.
# Nothing is installed on the system. About 110 MB to download, 360 MB on disk, 20 seconds; nothing to do when all is there.
# Needs rustc, apt-get, dpkg, python3, flock; no root.
# Exit codes: 0 the tools are there, 1 failed, 69 they cannot be had on this machine and why.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")"; pwd)
tools=$(realpath -m "${SBF_TOOLS:-/opt/sbf-tools}")

say() { echo "[sbf tools] $*" >&2; }
unavailable() { say "$*"; exit 69; }

for command in rustc apt-get apt-cache dpkg-deb python3 flock; do
  command -v "$command" > /dev/null || unavailable "$command is not installed"
done
rust=$(rustc -V | cut -d' ' -f2)
recipe=$(cat "$here"/{fetch-tools.sh,patch_std.py} | sha256sum | cut -c1-16)
is_current() { grep -qsx "rustc $rust" "$tools/versions" && grep -qsx "recipe $recipe" "$tools/versions"; }
if is_current; then exit 0; fi

mkdir -p "$tools" 2> /dev/null && [ -w "$tools" ] || unavailable "$tools cannot be written. Make it yours:" \
  "sudo install -d -o \$USER $tools; or choose another place with SBF_TOOLS=FOLDER, which changes some bytes of the programs"
exec 9> "$tools/.lock"
flock 9
if is_current; then exit 0; fi
work=$tools/.new
trap 'rm -rf "$work"' EXIT
rm -rf "$work"
mkdir -p "$work/debs"

# The mirror this machine is configured with, in either format of apt's sources.
mirror=${DEBIAN_MIRROR:-$({ cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2> /dev/null || true; } |
  { grep -v '^#' || true; } | { grep -oE 'https?://[^ ]+/debian/?( |$)' || true; } | head -1 | tr -d ' ')}
mirror=${mirror%/}
[ -n "$mirror" ] || unavailable "no Debian mirror is configured on this machine: set DEBIAN_MIRROR"

# suite SUITE COMMAND…: apt with one suite only, its own lists, and no package installed.
suite() {
  local a=$work/apt/$1 suite=$1 client=apt-get
  shift
  if [ ! -e "$a/list" ]; then
    mkdir -p "$a/lists/partial" "$a/cache/archives/partial"
    : > "$a/status"
    echo "deb $mirror $suite main" > "$a/list"
    suite "$suite" -qq update 2> /dev/null || { rm -f "$a/list"; return 1; }
  fi
  if [ "$1" = madison ]; then client=apt-cache; fi
  "$client" -o Dir::Etc::sourcelist="$a/list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::Lists="$a/lists" \
    -o Dir::Cache="$a/cache" -o Dir::State::status="$a/status" -o Acquire::Languages=none -o APT::Sandbox::User= "$@"
}

# The library's sources: a version that a newer one replaces may linger in, or leave, any of these suites.
say "looking for rust-src $rust"
found=
seen=
for name in trixie-backports forky sid trixie experimental; do
  versions=$(suite "$name" madison rust-src 2> /dev/null | awk '{print $3}' | sort -u || true)
  seen="$seen $name: ${versions//$'\n'/, };"
  library=$(grep -E "^${rust//./\\.}[+~-]" <<< "$versions" | tail -1 || true)
  if [ -n "$library" ]; then found=$name; break; fi
done
[ -n "${seen//[^0-9]/}" ] || unavailable "the Debian mirror of this machine does not answer"
[ -n "$found" ] || unavailable "Debian has no rust-src $rust; it has$seen use a rustc of one of these versions (RUSTUP_TOOLCHAIN)"
say "taking rust-src $library from $found"
(cd "$work/debs" && suite "$found" -qq download "rust-src=$library")
dpkg-deb -x "$work"/debs/rust-src_*.deb "$work/rust-src"
mv "$work"/rust-src/usr/src/rustc-*/library "$work/library"
rm -rf "$work/library/vendor" "$work/rust-src" "$work"/debs/* # its dependencies come from the crate registry, pinned by its lock file
python3 "$here/patch_std.py" "$work/library"

# LLVM and the shared libraries it needs, as apt itself resolves them. Version 22 has no stack arguments for BPF.
found=
for name in sid forky experimental; do
  if suite "$name" madison llvm-23 2> /dev/null | grep -q llvm-23; then found=$name; break; fi
done
[ -n "$found" ] || unavailable "Debian has llvm-23 neither in sid nor in forky nor in experimental"
say "taking LLVM 23 from $found"
mapfile -t packages < <(suite "$found" -qq -y --no-install-recommends --print-uris install llvm-23 llvm-23-linker-tools |
  awk '{print $2}' | cut -d_ -f1 |
  grep -vE '^(llvm-23-(runtime|dev)|llvm-runtime|binfmt-support|libpipeline1|python3.*|media-types)$' | sort -u)
(cd "$work/debs" && suite "$found" -qq download "${packages[@]}")
for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$work/llvm"; done
llvm=$(dpkg-deb -f "$work"/debs/llvm-23_*.deb Version)

# Debian's programs want Debian's C library, which may be newer than this machine's: started through its loader.
cat > "$work/llvm-run" <<'X'
#!/bin/sh
# llvm-run TOOL [ARGUMENTS…]
tool=$1
shift
root=$(dirname "$0")/llvm
libraries=$root/usr/lib/x86_64-linux-gnu
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$root/usr/lib/llvm-23/lib" "$root/usr/lib/llvm-23/bin/$tool" "$@"
X
chmod +x "$work/llvm-run"
"$work/llvm-run" llc --version > /dev/null || unavailable "LLVM from Debian does not start on this machine"

rm -rf "$tools/versions" "$tools/library" "$tools/llvm" "$tools/llvm-run"
mv "$work/library" "$work/llvm" "$work/llvm-run" "$tools/"
printf 'rustc %s\nrust-src %s\nllvm %s\nrecipe %s\n' "$rust" "$library" "$llvm" "$recipe" > "$work/versions"
mv "$work/versions" "$tools/versions"
say "rust-src $library and LLVM $llvm are in $tools"
