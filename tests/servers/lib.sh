# Shared by the recipes: where state lives, as whom a server runs, how packages come in. Sourced, not run.
# Exit codes: 77 = this machine cannot have the server (the reason is the last line on stderr), other = failure.
set -euo pipefail
umask 022
STATE=${BRIDGE_TEST_STATE:-${TMPDIR:-/tmp}/bridge-test-servers-$(id -u)}
HERE=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
mkdir -p "$STATE"
[ -O "$STATE" ] || { echo "$STATE belongs to somebody else; set BRIDGE_TEST_STATE to a folder of your own" >&2; exit 1; }

log() { echo "[$(basename "$HERE")] $*" >&2; }
fail() { log "$1"; [ -z "${2:-}" ] || tail -n 30 "$2" >&2 || true; exit 1; }
unavailable() { log "$1"; exit 77; }
admin() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
# lives PID [WORD]: it runs (a zombie does not), and WORD is in its command line, which is empty for a moment at exec
lives() {
  if [ -n "${2:-}" ]; then grep -qa -- "$2" "/proc/$1/cmdline" 2>/dev/null; return; fi
  local rest; rest=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) && [ -n "$rest" ] && [ "${rest%% *}" != Z ]
}
installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

# Root starts no server as root: it becomes the account of the package. Anybody else stays who they are.
as() { local user=$1; shift; if [ "$(id -u)" = 0 ]; then setpriv --reuid="$user" --regid="$user" --init-groups -- "$@"; else "$@"; fi; }
own() { local user=$1; shift; if [ "$(id -u)" = 0 ]; then chown -R "$user:$user" "$@"; fi; }
reachable() { as "$1" test -x "$2" || fail "$2 cannot be entered by $1; set BRIDGE_TEST_STATE to a folder it can enter"; }

# packages NAME...: installs what is missing, one installation at a time. Lists may be old or absent: then update and try again.
packages() {
  local missing=() name out=$STATE/apt.log
  for name in "$@"; do installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || unavailable "not installed, and there is no apt-get here"
  admin true 2>/dev/null || unavailable "not installed (${missing[*]}), and neither root nor password-less sudo is there to install it"
  local began=$SECONDS
  (
    flock 8
    install_() {
      admin env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold \
        -qq install -y --no-install-recommends "${missing[@]}" >>"$out" 2>&1 8>&- # no service that a package starts may keep the lock
    }
    : >"$out"
    install_ && exit 0
    admin apt-get -o DPkg::Lock::Timeout=600 -qq update >>"$out" 2>&1 || log "apt-get update failed; trying the installation all the same"
    install_ && exit 0
    if grep -qE 'Unable to locate package|has no installation candidate' "$out"; then
      unavailable "this distribution has no package for: $(grep -hoE '(package|Package) .*' "$out" | sort -u | tr '\n' ';')"
    fi
    fail "apt-get could not install ${missing[*]}" "$out"
  ) 8>"$STATE/apt.lock"
  log "installed ${missing[*]} in $((SECONDS - began)) s"
}

# recipe_key VERSION: changes when a file of the recipe or the version of the server changes; names the template
recipe_key() { { cat "$HERE/../lib.sh" "$HERE"/*; echo "$1"; } | sha256sum | cut -c1-16; }

# launch USER DIR OWNER COMMAND...: starts the server of DIR, its pid in DIR/server.pid, its output in DIR/log/server.log.
# It ends when process OWNER (0: nobody) is gone without having stopped it.
launch() {
  local user=$1 dir=$2 owner=$3 become=(); shift 3
  [ "$(id -u)" != 0 ] || become=(setpriv --reuid="$user" --regid="$user" --init-groups --)
  setsid ${become[@]+"${become[@]}"} "$@" >"$dir/log/server.log" 2>&1 </dev/null &
  echo $! >"$dir/server.pid"
  [ "$owner" = 0 ] || setsid bash -c 'while grep -qa . "/proc/$2/cmdline" 2>/dev/null && [ -e "$1/server.pid" ]; do sleep 1; done
    [ ! -e "$1/server.pid" ] || exec "$3" "$(basename "$1")"' watch "$dir" "$owner" "$HERE/stop.sh" </dev/null >/dev/null 2>&1 &
  echo "DIR=$dir"
}

# sweep FOLDER: forgets instances whose server is not running any more (the machine was switched off) or never did
sweep() {
  local dir
  for dir in "$1"/*/; do
    # a minute, because somebody else may be starting it right now
    [ -z "$(find "${dir}server.pid" -mmin +1 2>/dev/null)" ] || lives "$(cat "${dir}server.pid")" || rm -rf "$dir"
  done
  find "$1" -mindepth 1 -maxdepth 1 -mtime +0 ! -exec test -e '{}/server.pid' ';' -exec rm -rf '{}' +
}

# end PIDFILE WORD SIGNAL: ends that process, if its command line still has WORD in it, and waits for it
end() {
  local pid; pid=$(cat "$1" 2>/dev/null) || return 0
  if lives "$pid" "$2"; then
    kill "-$3" "$pid" 2>/dev/null || true
    for _ in $(seq 1 300); do lives "$pid" "$2" || break; sleep 0.05; done
    if lives "$pid" "$2"; then kill -KILL -- "-$pid" || true; fi # its process group: it leads one
  fi
  rm -f "$1"
}
