#!/bin/bash
# bootstrap.sh SUITE: a bare Debian of that suite in a folder, made once and kept; prints ROOT=<folder>. Copy it, do not change it.
# Like the image debian:SUITE-slim it has no manuals and translations, and its dpkg does not wait for the disk.
# Environment: BRIDGE_TEST_STATE
. "$(dirname "$(readlink -f "$0")")/../lib.sh"
SUITE=$1
# Chroots, name spaces and mounts need it; a user name space of an ordinary account has no second uid to run the image as.
[ "$(id -u)" = 0 ] || unavailable "making a Debian root needs root"
unshare --mount --pid --fork --net true 2>/dev/null || unavailable "this machine gives no name spaces of their own for mounts, processes and network"
packages debootstrap debian-archive-keyring
BASE=$STATE/debian KEY=$(recipe_key "$SUITE")
# Where this machine's own packages come from, if it is the same suite; else where debootstrap gets them by default.
MIRROR=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $SUITE" 'Component: main' 2>/dev/null | head -n 1)

slim() {
  cd "$1"
  rm -rf var/cache/apt/archives/*.deb var/lib/apt/lists/* usr/share/{doc,info,lintian,linda,locale,man}/*
  printf 'path-exclude /usr/share/%s/*\n' doc info lintian linda locale man >etc/dpkg/dpkg.cfg.d/docker
  echo force-unsafe-io >etc/dpkg/dpkg.cfg.d/docker-apt-speedup
  echo 'Acquire::Languages "none";' >etc/apt/apt.conf.d/docker-no-languages
}

mkdir -p "$BASE"
(
  flock 9
  [ ! -e "$BASE/$KEY/READY" ] || exit 0
  began=$SECONDS out=$BASE/debootstrap.log
  rm -rf "${BASE:?}/$KEY"
  mkdir -p "$BASE/$KEY"
  for _ in 1 2 3; do # a download that broke off
    debootstrap --variant=minbase "$SUITE" "$BASE/$KEY/root" ${MIRROR:+"$MIRROR"} >"$out" 2>&1 && break
  done
  grep -q 'Base system installed successfully' "$out" || fail "debootstrap failed" "$out"
  slim "$BASE/$KEY/root"
  touch "$BASE/$KEY/READY"
  log "a bare $SUITE made in $((SECONDS - began)) s"
) 9>"$BASE/lock"
echo "ROOT=$BASE/$KEY/root"
