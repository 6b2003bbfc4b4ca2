# What the tests of the integrations share: a device with two slots and a signed release. Sourced, not run.
#
# `smidgen` is $SMIDGEN, or built. The work is done in $work, which goes with the test.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/.ci/bare.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
firmware=$top/fixtures/firmware

# Puts what a device has on the path.
prepare_device() {
    local target=${CARGO_TARGET_DIR:-$top/target}
    [ -n "${SMIDGEN:-}" ] || (cd "$top" && cargo build -q --release --locked -p smidgen)
    mkdir "$work/bin" "$work/slots"
    ln -s "${SMIDGEN:-$target/release/smidgen}" "$work/bin/smidgen"
    ln -s "$top/integrations/slots/smidgen-slots" "$work/bin/smidgen-slots"
    export PATH=$work/bin:$PATH SMIDGEN_SLOTS=$work/slots.conf SMIDGEN_PASSPHRASE=test
    smidgen keygen -q --print hex "$work/secret.pem" "$work/public.pem" >"$work/log"
    printf '%s\n' "slots=$work/slots" "public_key=$work/public.pem" "boot=$work/boot" >"$SMIDGEN_SLOTS"
    install_image app-v1.bin
}

# The device runs this image, in slot 0.
install_image() { # name
    cp "$firmware/$1" "$work/slots/slot-0"
    rm -f "$work"/slots/slot-1 "$work"/slots/before "$work"/slots/ready "$work"/slots/started
    ln -sfn slot-0 "$work/slots/current"
    restart_device
}

# What `current` leads to runs, and the kernel has another boot_id.
restart_device() {
    starts=$((${starts:-0} + 1))
    echo "$starts" >"$work/boot"
}

# A key and its own certificate, NAME.key and NAME.crt, for whoever makes artifacts of the framework.
certificate() { # name, more arguments of openssl req...
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/$1.key" -out "$work/$1.crt" -days 30 -subj /CN=test \
        "${@:2}" 2>"$work/log"
}

# Packages of the release, and one that somebody else signed.
make_release() {
    smidgen keygen -q --print hex "$work/other.pem" >"$work/log"
    local key
    for key in secret other; do
        smidgen pack -q -o "$work/$key" --to "$firmware/app-v3.bin" --to-version 1.5.0 \
            --from "1.4.0=$firmware/app-v1.bin" --from "1.4.1=$firmware/app-v2.bin" --product sensor --key "$work/$key.pem"
    done
}

must_run() { # name of an image
    cmp "$(smidgen-slots running)" "$firmware/$1" || { echo "the device does not run $1" >&2; return 1; }
}

must_succeed() { # command...
    "$@" >"$work/output" 2>&1 || { cat "$work/output" >&2; return 1; }
}

# Fails, and says why.
must_fail() { # text, command...
    local text=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        echo "this must fail: $*" >&2
        return 1
    fi
    grep -q "$text" "$work/output" || { cat "$work/output" >&2; return 1; }
}
