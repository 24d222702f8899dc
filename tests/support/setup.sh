# SPDX-License-Identifier: Apache-2.0
# Shared by cmd/quickstart and tests/run: Debian's packages, and the two builds.

build_packages="g++ meson ninja-build pkg-config capnproto libcapnp-dev libsodium-dev libevent-dev
  libsqlite3-dev libseccomp-dev libcap-ng-dev libyaml-dev libcli11-dev libqrencode-dev libmnl-dev doctest-dev ccache"
demo_packages="iproute2 iputils-ping curl python3 procps"
test_packages="clang clang-format llvm libclang-rt-14-dev python3-cryptography mandoc systemd tcpdump
  iperf3 ethtool nftables strace tmux wireguard-go wireguard-tools binutils openssl
  debhelper lintian bash-completion zsh fish qemu-system-x86 mmdebstrap e2fsprogs"

install_missing() {
  missing=""
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  echo "installing:$missing"
  log=$(mktemp)
  # Packages that bring services must not start them here.
  policy=/usr/sbin/policy-rc.d
  made_policy=no
  if [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' > "$policy"; chmod +x "$policy"; made_policy=yes; fi
  status=0
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing; } > "$log" 2>&1 || status=$?
  if [ "$made_policy" = yes ]; then rm -f "$policy"; fi
  if [ "$status" != 0 ]; then cat "$log" >&2; rm -f "$log"; return "$status"; fi
  rm -f "$log"
}

install_packages() { install_missing $build_packages $demo_packages; }
install_coverage_packages() { install_missing $build_packages clang llvm; }
install_test_packages() { install_missing $build_packages $demo_packages $test_packages; }

# logged COMMAND...   says only what went wrong
logged() {
  log=$(mktemp)
  status=0
  "$@" > "$log" 2>&1 || status=$?
  [ "$status" = 0 ] || tail -n 60 "$log" >&2
  rm -f "$log"
  return "$status"
}

# configure DIRECTORY MESON-ARGUMENTS...
configure() { [ -f "$1/build.ninja" ] || logged meson setup "$@"; }

# Sanitizers come with clang, whose libFuzzer builds the fuzz targets as such.
configure_sanitized() {
  CC=clang CXX=clang++ configure "$1" -Dbuildtype=debug -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false
}
# What clang counts per line; without sanitizers, so that the fuzz targets replay their corpora.
configure_coverage() {
  CC=clang CXX=clang++ configure "$1" -Dbuildtype=plain -Doptimization=1 \
    "-Dcpp_args=['-fprofile-instr-generate','-fcoverage-mapping']" "-Dcpp_link_args=['-fprofile-instr-generate']"
}

# Debian's compiler, through ccache: the package and other build directories find what was compiled here.
# As debhelper sets it: ccache tells locales apart, and the package is to find what is compiled here.
export LC_ALL=C.UTF-8

build_plain() { (cd "$1" && unset CC CXX && configure build && logged ninja -C build); }
build_sanitized() { (cd "$1" && configure_sanitized build-sanitized && logged ninja -C build-sanitized); }
