#!/bin/bash
# verify.sh UNIT: what systemd-analyze says about a unit file, in a root folder of its own in which its program is there.
# Prints what `verify` says, nothing when it is clean, then EXPOSURE=<0.0 to 10.0>. Environment: BRIDGE_TEST_STATE
. "$(dirname "$(readlink -f "$0")")/../lib.sh"
UNIT=$(readlink -f "$1") NAME=$(basename "$1")
command -v systemd-analyze >/dev/null || packages systemd

ROOT=$(mktemp -d)
trap 'rm -rf "$ROOT"' EXIT
mkdir -p "$ROOT/etc/systemd/system" "$ROOT/usr/lib/systemd"
cp "$UNIT" "$ROOT/etc/systemd/system/"
cp -r /lib/systemd/system "$ROOT/usr/lib/systemd/"
ln -s usr/lib "$ROOT/lib"
sed -n 's/^Exec[A-Za-z]*=[-@:+!]*\([^ ]*\).*/\1/p' "$UNIT" | while read -r program; do
  install -D -m 755 /bin/true "$ROOT$program"
done
systemd-analyze verify --root="$ROOT" --man=no "$NAME" 2>&1 || echo "verify ended with $?"
systemd-analyze security --offline=true --no-pager "$UNIT" | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/EXPOSURE=\1/p'
