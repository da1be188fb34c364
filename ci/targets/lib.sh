# shellcheck shell=bash
# Shared by the scripts of ci/targets: to be sourced, not run.
#
# Debian's mail servers conflict with each other, and nobody wants one installed by a test.  So
# their packages are downloaded and unpacked into a cache directory, and each server runs in a
# mount namespace of its own in which /usr is that unpacked tree over the machine's, /etc is a
# directory of ours, and /srv is the instance's home.  The machine's own /etc, users and mail
# system are never touched, and what a server does elsewhere ends with its namespace.
#
# Exit status of `up`: 0 it answers, 1 it failed to start, 3 something it needs is missing.

set -euo pipefail
umask 022
PATH=$PATH:/usr/sbin:/sbin # where servers are, and not everybody looks

TARGETS_BASE=${SMTP_HARNESS_TARGETS:-$HOME/.cache/smtp-harness/targets}
TARGETS_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PROJECT
PROJECT=$(cd "$TARGETS_HERE/../.." && pwd)
TARGET=$(basename "$(cd "$(dirname "$0")" && pwd)")
HOME_OF_TARGET=$TARGETS_BASE/$TARGET
# shellcheck disable=SC2034  # for postfix.sh and ci/bench/run
POSTFIX_PACKAGES=(postfix sasl2-bin libsasl2-modules)

say() { printf '%s: %s\n' "$TARGET" "$*" >&2; }

failed() {
  printf '\n*** TARGET %s FAILED: %s ***\n\n' "$TARGET" "$*" >&2
  exit 1
}

missing() {
  printf '\n*** TARGET %s IS MISSING: %s ***\n\n' "$TARGET" "$*" >&2
  exit 3
}

# One up or down of a target at a time; the lock lasts as long as the shell that asked for it.
# Whatever is started to stay must close descriptors 6 to 9, or it would hold the locks for good.
lock_target() {
  mkdir -p "$TARGETS_BASE"
  exec 9>"$TARGETS_BASE/.$TARGET.lock"
  flock -w 120 9 || failed "another up or down of it has been running for two minutes"
}

need_namespaces() {
  [ "$(uname -s)" = Linux ] || missing "it needs Linux (mount namespaces and overlays)"
  [ "$(id -u)" = 0 ] || missing "it needs root (for a mount namespace of its own)"
  case $TARGETS_BASE in
    *[:,\\[:space:]]*) failed "SMTP_HARNESS_TARGETS may not hold blanks, colons or commas" ;;
  esac
  unshare -m -u --propagation private true 2>/dev/null \
    || missing "unshare -m -u is not permitted here (a container needs CAP_SYS_ADMIN)"
}

# --- packages -------------------------------------------------------------------------------

apt_lists() {
  { command -v apt-get && command -v dpkg; } >/dev/null || missing "it is unpacked from Debian packages, and there is no apt-get or dpkg"
  apt_knows "$@" && return
  say "refreshing apt's lists"
  apt-get update -qq >&2 || missing "apt-get update failed"
  apt_knows "$@" || missing "apt does not know all of these packages: $*"
}

apt_knows() {
  local package
  for package in "$@"; do
    # apt-cache knows what is installed even without any list; only a list tells where from.
    apt-cache madison "$package" 2>/dev/null | grep -q . || return 1
  done
}

# The named packages and those of their dependencies that this machine does not have.
packages_to_unpack() {
  {
    printf '%s\n' "$@"
    apt-get -s -qq --no-install-recommends -o APT::Sandbox::User=root install "$@" \
      | awk '$1 == "Inst" { print $2 }'
  } | sort -u
}

# unpack NAME PACKAGE...: leaves the packages' files in the directory that it prints.  To be called
# as $(unpack ...): its lock ends with the subshell.
unpack() {
  local name=$1 root parts
  shift
  root=$TARGETS_BASE/packages/$name
  mkdir -p "$TARGETS_BASE/packages"
  exec 7>"$TARGETS_BASE/packages/.lock"
  flock 7
  if [ ! -e "$root/.complete" ]; then
    apt_lists "$@"
    parts=$(mktemp -d "$TARGETS_BASE/packages/$name.XXXXXX")
    if ! download "$parts" "$@"; then
      apt-get update -qq >&2 || true # lists older than the archive name files that are gone
      download "$parts" "$@" || missing "apt-get download failed for one of: $*"
    fi
    chmod 755 "$parts/root"
    mkdir -p "$parts/root/etc"
    touch "$parts/root/.complete"
    rm -rf "$root"
    mv "$parts/root" "$root"
    rm -rf "$parts"
  fi
  printf '%s\n' "$root"
}

download() (
  mkdir -p "$1/debs" "$1/root"
  cd "$1/debs"
  shift
  wanted=$(packages_to_unpack "$@") || exit 1
  # shellcheck disable=SC2086  # names of packages hold no blanks
  say downloading $wanted
  # shellcheck disable=SC2086
  apt-get download -qq -o APT::Sandbox::User=root $wanted >&2 || exit 1
  for deb in ./*.deb; do
    dpkg -x "$deb" ../root || exit 1
  done
)

# npm_packages NAME PACKAGE.JSON: installs what it pins, and leaves it in the directory that it prints.
# There is no lock file: one would record where the packages came from.
npm_packages() {
  local root=$TARGETS_BASE/packages/npm-$1
  { command -v node && command -v npm; } >/dev/null || missing "it needs node and npm"
  mkdir -p "$TARGETS_BASE/packages"
  exec 7>"$TARGETS_BASE/packages/.lock"
  flock 7
  if ! cmp -s "$2" "$root/.complete"; then
    rm -rf "$root"
    mkdir -p "$root"
    cp "$2" "$root/package.json"
    say "npm install"
    (cd "$root" && npm install --no-package-lock --omit=optional --ignore-scripts --no-audit --no-fund --silent) >&2 \
      || missing "npm install failed"
    cp "$2" "$root/.complete"
  fi
  printf '%s\n' "$root"
}

# --- the namespace --------------------------------------------------------------------------

# inside ROOT COMMAND...: runs it where /usr, /etc and /srv are the target's own.
inside() {
  local root=$1
  shift
  # The overlay's lowerdir is also how members_of_target knows the target's processes.
  unshare -m -u --propagation private bash -c '
    set -e
    root=$1 home=$2
    shift 2
    hostname mail.example.test
    mount -t overlay overlay -o "lowerdir=$root/usr:/usr" /usr
    mount -t overlay overlay -o "lowerdir=$home/etc:$root/etc" /etc
    mount --bind "$home" /srv
    cd /
    exec "$@"' sh "$root" "$HOME_OF_TARGET" "$@"
}

# The target's processes, whoever started them: those that live in its namespaces, or were given
# its home on their command line.  The words come by stdin, or grep would find itself.
members_of_target() {
  {
    # shellcheck disable=SC2062  # the globs name files
    grep -lsF --file=- /proc/[0-9]*/mountinfo <<<"lowerdir=$HOME_OF_TARGET/etc:" || true
    # shellcheck disable=SC2062
    grep -lszxF --file=- /proc/[0-9]*/cmdline <<<"--home=$HOME_OF_TARGET" || true
  } | cut -d / -f 3
}

# What every daemon looks for in /etc: users that exist only inside, and names without a DNS.
common_etc() {
  local etc=$HOME_OF_TARGET/etc
  mkdir -p "$etc"
  cat >"$etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
vmail:x:6000:6000:owner of delivered mail:/srv/mail:/usr/sbin/nologin
postfix:x:6001:6001:postfix:/nonexistent:/usr/sbin/nologin
END
  cat >"$etc/group" <<'END'
root:x:0:
sasl:x:45:postfix
nogroup:x:65534:
vmail:x:6000:
postfix:x:6001:
postdrop:x:6002:
END
  sed 's/:.*/:*:19000:0:99999:7:::/' "$etc/passwd" >"$etc/shadow"
  chmod 600 "$etc/shadow"
  printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >"$etc/resolv.conf"
  printf '127.0.0.1 localhost mail.example.test mail\n' >"$etc/hosts"
  printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\n' >"$etc/nsswitch.conf"
  printf 'mail.example.test\n' | tee "$etc/mailname" >"$etc/hostname"
  printf 'smtp 25/tcp\nsubmission 587/tcp\nsubmissions 465/tcp\n' >"$etc/services"
  : >"$etc/aliases"
}

# certificate COMMAND...: makes tls/{cert,key,both}.pem by the openssl that COMMAND... reaches.
certificate() {
  local tls=$HOME_OF_TARGET/tls
  mkdir -p "$tls"
  cat >"$tls/request.conf" <<'END'
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = mail.example.test
[extensions]
subjectAltName = DNS:localhost, DNS:mail.example.test, IP:127.0.0.1
basicConstraints = critical, CA:TRUE
END
  "$@" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 \
    -config "${TLS_INSIDE:-$tls}/request.conf" \
    -keyout "${TLS_INSIDE:-$tls}/key.pem" -out "${TLS_INSIDE:-$tls}/cert.pem" 2>/dev/null
  cat "$tls/key.pem" "$tls/cert.pem" >"$tls/both.pem"
  chmod 600 "$tls/key.pem" "$tls/both.pem"
}

# --- starting and stopping ------------------------------------------------------------------

# Whether something on this port says 220.
greets() {
  local line=
  { exec 8<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  read -r -t 5 line <&8 || true
  printf 'QUIT\r\n' >&8 2>/dev/null || true
  exec 8>&-
  [[ $line == 220* ]]
}

port_is_taken() {
  (exec 8<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# wait_until 10 COMMAND...: whether it came true within ten seconds.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

nobody_lives() { [ -z "$(members_of_target)" ]; }

# claim PORT...: leaves an empty home and free ports, or ends the script if the target is up already.
claim() {
  local one
  lock_target
  if [ -n "$(members_of_target)" ] && greets "$1"; then
    say "is up already, on 127.0.0.1:$1"
    exit
  fi
  stop_members
  for one in "$@"; do
    ! port_is_taken "$one" || failed "port $one is in use by something that is not it"
  done
  rm -rf "$HOME_OF_TARGET"
  mkdir -p "$HOME_OF_TARGET"
}

# answers SECONDS PORT LOG: waits for the greeting and says so.
answers() {
  wait_until "$1" greets "$2" || failed "no greeting within $1 s: $(tail -n 3 "$3" 2>/dev/null || true); see $3"
  say "answers on 127.0.0.1:$2, mail is delivered to $HOME_OF_TARGET/mail"
}

# Maildirs that exist before the first message: a reader need not guess whether one will come.
mailboxes_for() {
  local owner=$1 user
  for user in alice bob postmaster many; do
    mkdir -p "$HOME_OF_TARGET/mail/$user"/{cur,new,tmp}
  done
  chown -R "$owner" "$HOME_OF_TARGET/mail"
  chmod -R go= "$HOME_OF_TARGET/mail"
}

# Ends the target's processes.
stop_members() {
  local sign members
  for sign in TERM KILL; do
    members=$(members_of_target)
    [ -n "$members" ] || return 0
    # shellcheck disable=SC2086  # one pid a word
    kill -s "$sign" $members 2>/dev/null || true
    wait_until 5 nobody_lives && return 0
  done
  failed "these processes do not end: $(members_of_target | tr '\n' ' ')"
}

# The target is down, and of its home nothing stays but what is named.
leave_only() {
  local one
  lock_target
  stop_members
  for one in "$HOME_OF_TARGET"/*; do
    case " $* " in
      *" $(basename "$one") "*) ;;
      *) rm -rf "${one:?}" ;;
    esac
  done
  say "is down"
}
