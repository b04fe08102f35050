#!/bin/sh
# Anywarp for AArch64 on a machine that is none: unpacks Debian's arm64 packages into a sysroot, cross-builds the compiler, the executor and the
# tools of tests/run with the machine's own clang, and runs tests/run in qemu's user mode, with code for NEON and for SVE.
#
#   run.sh BUILD [CTEST OPTION...]      all that is kept lies in BUILD: sysroot/, and the build itself
#
# Everything of LLVM that runs there is Debian's own, so what is tested is what an AArch64 machine with these packages does, but for speed: the
# emulator takes some twenty times as long.
set -eu
here=$(dirname -- "$(readlink -f -- "$0")")
source=$(readlink -f -- "$here/../..")
build=$1; shift
sysroot=$build/sysroot
packages="llvm-22-dev libc6-dev libstdc++-12-dev libboost-context-dev liblz4-dev libsleef-dev libstb-dev libxxhash-dev libzstd-dev libgtest-dev
  libmpfr-dev libcli11-dev libtomlplusplus-dev"

fail() { printf 'anywarp: %s\n' "$*" >&2; exit 1; }

for program in qemu-aarch64-static clang-22 cmake ninja; do
  command -v "$program" > /dev/null || fail "$program is missing; as root: apt-get install -y qemu-user-static clang-22 lld-22 cmake ninja-build"
done

# apt with a state of its own, in which nothing is installed yet: it finds what the packages need, and leaves the machine's packages alone.
make_sysroot() {
  apt=$build/apt
  mkdir -p "$apt/parts" "$apt/state/lists/partial" "$apt/cache/archives/partial" "$sysroot.new/usr/lib"
  : > "$apt/status"
  : > "$apt/sources.list"
  for suite in 'debian bookworm' 'debian bookworm-updates' 'debian-security bookworm-security'; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/${suite% *} ${suite#* } main" >> "$apt/sources.list"
  done
  cat > "$apt/apt.conf" <<END
APT::Architecture "arm64"; APT::Architectures { "arm64"; }; APT::Install-Recommends "false"; APT::Sandbox::User "";
Dir::State "$apt/state"; Dir::State::status "$apt/status"; Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "-"; Dir::Etc::parts "$apt/parts"; Dir::Etc::main "-"; Acquire::Languages "none";
END
  export APT_CONFIG=$apt/apt.conf
  apt-get -qq update || fail "apt cannot read Debian's list of arm64 packages"
  # shellcheck disable=SC2086
  apt-get -qq -y --download-only install $packages || fail "apt cannot get Debian's arm64 packages"
  [ -e "$sysroot.new/lib" ] || ln -s usr/lib "$sysroot.new/lib"
  for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$sysroot.new"
  done
  # Links that name the root of the machine are those of the sysroot.
  find "$sysroot.new" -type l -lname '/*' | while IFS= read -r link; do
    ln -sfn "$(realpath -s -m --relative-to="$(dirname "$link")" "$sysroot.new$(readlink "$link")")" "$link"
  done
  unset APT_CONFIG
  mv "$sysroot.new" "$sysroot"
}

[ -d "$sysroot" ] || make_sysroot
cmake --preset aarch64 -S "$source" -B "$build" -DANYWARP_SYSROOT="$sysroot" > "$build/cmake.log" || fail "cmake failed: $build/cmake.log"
ninja -C "$build" kernel-run random-kernels
exec ctest --test-dir "$build" --output-on-failure --no-tests=error -j "$(nproc)" -L '^tests/targets$' "$@"
