#!/usr/bin/env bash
# Building for targets without an operating system: sourced by .ci/run and examples/device/run; `bare.sh bare_build TARGET`
# is for other programs.
#
# Rust targets that rustup has are used. For the others, Debian's own Rust builds `core` from source.

# Flags of the caller would replace those of the crates, and a target of theirs would move every output.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
bare=${CARGO_TARGET_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/target}/bare
bare_rustup=" $(rustup target list --installed 2>/dev/null | tr '\n' ' ' || true)"

has_target() { # target
    [[ $bare_rustup == *" $1 "* ]]
}

# The packages of Debian's Rust, if one of these targets needs them.
bare_packages() { # targets...
    local target
    for target in "$@"; do
        has_target "$target" || { echo rustc-web cargo-web rust-web-src; return; }
    done
}

install_packages() { # packages...
    local package missing=()
    for package in "$@"; do
        dpkg-query -Wf '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
    done
    if [ ${#missing[@]} != 0 ]; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    fi
}

bare_build() { # target, arguments of cargo build...
    local target=$1
    shift
    if has_target "$target"; then
        cargo build --target "$target" --target-dir "$bare" --release --locked "$@"
    else
        RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc /usr/bin/cargo build --target "$target" --target-dir "$bare" \
            --release --locked -Zbuild-std=core -Zbuild-std-features=compiler-builtins-mem "$@"
    fi
}

[ "${BASH_SOURCE[0]}" != "$0" ] || "$@"
