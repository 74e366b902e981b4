# Sourced by app/demo, tests/run and the other scripts: installs what is missing, configures and
# builds. Says what it does, asks nothing, and changes nothing when everything is there.
# shellcheck shell=bash disable=SC2034

build_packages=(g++ cmake ninja-build ccache pkg-config libasio-dev libsimdjson-dev libzstd-dev
  libspdlog-dev libyaml-cpp-dev libcli11-dev libncurses-dev nlohmann-json3-dev zlib1g-dev)
test_packages=(libgtest-dev libgmock-dev librapidcheck-dev libpcap-dev libbenchmark-dev python3
  curl zstd tshark tcpdump iproute2 nftables tmux)
# What the pool's benchmark compares with.
rival_packages=(libmimalloc2.0 libtcmalloc-minimal4 libjemalloc2 libtbbmalloc2 libboost-dev libck-dev
  libconcurrentqueue-dev libdpdk-dev)
# What the JSON codec's benchmark compares with.
codec_rival_packages=(rapidjson-dev)
check_packages=(clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 shellcheck)

browser_packages=(chromium) # and nodejs and npm, wherever they come from
# What the tests of the status endpoint use.
status_packages=(prometheus python3-jsonschema systemd)

say() { printf '== %s\n' "$*" >&2; }

# ensure_packages PACKAGE...: installs those that are missing by apt-get (with sudo when not root).
ensure_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    if [ -z "${TAPELINE_SKIP_PACKAGES:-}" ]; then
      say "this system has no apt-get. Install what these Debian packages hold by hand, then run again with TAPELINE_SKIP_PACKAGES=1:"
      printf '   %s\n' "$*" >&2
      return 1
    fi
    return 0
  fi
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
      missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      say "missing packages, and neither root nor sudo here. As root: apt-get install ${missing[*]}"
      return 1
    fi
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y \
      --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "apt-get failed (all of its output: $log). By hand: apt-get install ${missing[*]}"
    return 1
  fi
  rm -f "$log"
}

# ensure_command COMMAND PACKAGE: for commands that are often installed by other means.
ensure_command() { command -v "$1" >/dev/null || ensure_packages "$2"; }

# build_preset PRESET [TARGET...]: configures once, then builds (everything without a TARGET).
build_preset() {
  local preset=$1
  shift
  if [ ! -f "build/$preset/build.ninja" ]; then
    say "configuring (preset $preset)"
    local log
    log=$(mktemp)
    cmake --preset "$preset" >"$log" 2>&1 || {
      cat "$log" >&2
      rm -f "$log"
      return 1
    }
    rm -f "$log"
  fi
  say "building (preset $preset)"
  if [ $# -gt 0 ]; then
    cmake --build "build/$preset" --target "$@" -- --quiet
  else
    cmake --build "build/$preset" -- --quiet
  fi
}
