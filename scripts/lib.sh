# shellcheck shell=bash
# Sourced by the other scripts. Finds what they need and installs what is missing, with whatever
# package manager the machine has. Everything it says goes to stderr: stdout belongs to the caller.
# Kept to bash 3.2, which is what macOS ships.

say() { printf '==> %s\n' "$*" >&2; }

die() { # die MESSAGE [HINT]
  printf 'error: %s\n' "$1" >&2
  if [ -n "${2:-}" ]; then printf 'hint: %s\n' "$2" >&2; fi
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# With stdin closed, as some CI runners leave it, the next file a program opens becomes its stdin.
if ! { : <&0; } 2>/dev/null; then exec </dev/null; fi

# Variables that choose a server must not reach a demo or a test: DB_HOST may name a production server.
# What only says where programs lie, and the tests' own knobs, may stay.
clean_env() {
  local name
  unset DB_HOST DB_PORT DB_USER DB_PASSWORD
  for name in "${!PG@}" "${!MARTYDB_@}"; do
    case $name in
      MARTYDB_PG_BIN | MARTYDB_SERVER_CACHE | MARTYDB_FUZZ_* | MARTYDB_TEST_*) ;;
      *) unset "$name" ;;
    esac
  done
}

as_root() { # only from install, whose $list it names
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif has sudo; then
    sudo "$@"
  else
    die "installing packages needs root, and there is no sudo" "install these as root: $list"
  fi
}

# brew last: on Linux it stands beside the distribution's own manager.
manager() {
  local name
  for name in apt-get dnf yum apk pacman zypper brew; do
    if has "$name"; then
      echo "$name"
      return
    fi
  done
}

# Prints nothing for what comes with the system.
packages() { # packages MANAGER age|binutils|bubblewrap|buildah|cc|compose|jdbc|jdk|librdkafka|mmdebstrap|nats|npm|openssl|
  # pgbackrest|pooler|prometheus|python|rabbitmq|redis|rpm|server|skopeo|ssh|statickafka|umoci
  case $1:$2 in
    apt-get:cc) echo gcc libc6-dev ;;
    apk:cc) echo build-base ;;
    brew:cc) ;; # comes with Xcode's command line tools
    *:age | *:binutils | *:bubblewrap | *:buildah | *:mmdebstrap | *:rpm | *:skopeo | *:umoci) echo "$2" ;;
    *:cc) echo gcc ;;
    *:compose) echo docker-compose ;;
    apt-get:jdbc) echo libpostgresql-jdbc-java ;;
    apt-get:jdk) echo default-jdk-headless ;;
    apt-get:librdkafka) echo libssl-dev make pkg-config ;; # what it is built with
    dnf:librdkafka | yum:librdkafka) echo openssl-devel make pkgconf ;;
    apk:librdkafka) echo openssl-dev make pkgconf ;;
    zypper:librdkafka) echo libopenssl-devel make pkgconf ;;
    brew:librdkafka) echo openssl@3 pkgconf ;;
    *:librdkafka) echo openssl make pkgconf ;;
    apt-get:statickafka) echo make perl ;; # what OpenSSL is built with
    dnf:statickafka | yum:statickafka) echo make perl-core ;;
    *:statickafka) echo make perl ;;
    apt-get:python) echo python3-venv ;;
    *:python) echo python3 ;;
    apt-get:server) echo postgresql ;;
    apk:server) echo postgresql postgresql-client postgresql-contrib ;;
    pacman:server) echo postgresql ;;
    brew:server) echo postgresql@17 ;;
    *:server) echo postgresql-server postgresql-contrib ;;
    apt-get:ssh) echo openssh-client ;;
    dnf:ssh | yum:ssh | zypper:ssh) echo openssh-clients ;;
    brew:ssh) ;; # comes with the system
    *:ssh) echo openssh ;;
    zypper:npm) echo npm-default ;;
    brew:npm) echo node ;;
    *:npm) echo npm ;;
    *:nats) echo nats-server ;;
    *:openssl) echo openssl ;;
    *:pgbackrest) echo pgbackrest ;;
    *:pooler) echo pgbouncer ;;
    apt-get:redis) echo redis-server ;;
    *:redis) echo redis ;;
    *:prometheus) echo prometheus ;;
    brew:rabbitmq) echo rabbitmq ;;
    *:rabbitmq) echo rabbitmq-server ;;
    *) die "no package is known for $2" ;;
  esac
}

# On Debian and its derivatives the package creates and starts a cluster of its own, which is not needed here.
no_main_cluster() {
  local conf=/etc/postgresql-common/createcluster.conf
  if [ -e "$conf" ]; then return; fi
  # shellcheck disable=SC2016 # $1 is for the inner shell
  as_root sh -c 'mkdir -p "${1%/*}" && printf "%s\n" \
    "# martydb: installing PostgreSQL should not start a server of its own" \
    "create_main_cluster = false" >"$1"' sh "$conf"
}

install() { # install NAME, as packages knows it
  local manager list
  manager=$(manager)
  list=$(packages "$manager" "$1") || exit
  if [ -z "$manager" ] || [ -z "$list" ]; then return; fi
  say "installing $list ($manager)"
  # $list is split on purpose. stdin is no place for a package manager to ask.
  # shellcheck disable=SC2086
  {
    case $manager in
      apt-get)
        if [ "$1" = server ]; then no_main_cluster; fi
        # Exported, so that a script called by this one does not update again.
        if [ -z "${apt_updated:-}" ]; then
          as_root apt-get -qq update || say "apt-get update failed; going on with the lists that are here"
          export apt_updated=1
        fi
        # RUNLEVEL=1: no package starts a service of its own.
        as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 RUNLEVEL=1 apt-get -qq \
          -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $list
        ;;
      dnf | yum) as_root "$manager" -q -y install $list ;;
      apk) as_root apk add --no-cache -q $list ;;
      pacman) as_root pacman -Sy --noconfirm --needed $list ;;
      zypper) as_root zypper --non-interactive --quiet install $list ;;
      brew) brew install --quiet $list ;; # refuses to run as root
    esac
  } </dev/null >&2 || die "$manager could not install: $list"
  hash -r
}

# Where the PostgreSQL programs lie: what is on PATH, else where distributions hide them.
# Nothing unless the three are there and are of a major that martydb supports.
server_bin() {
  local dir major
  for dir in "$(dirname "$(command -v postgres || echo /nowhere/postgres)")" \
    /usr/lib/postgresql/*/bin /usr/lib/postgresql*/bin /usr/pgsql-*/bin /usr/libexec/postgresql*/ \
    /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
    dir=${dir%/}
    [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/postgres" ] || continue
    major=$("$dir/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/') || continue
    if [ "${major:-0}" -ge 13 ]; then
      echo "$dir"
      return
    fi
  done
}

# Takes the newest minor release that the package manager has, where the programs in DIR come from a package: a minor
# release can change what the server writes into its catalogs. No failure here keeps the tests from running.
upgrade_server() { # upgrade_server DIR
  local package
  [ "$(manager)" = apt-get ] || return 0
  # No password is asked for here.
  [ "$(id -u)" -eq 0 ] || { has sudo && sudo -n true 2>/dev/null; } || return 0
  # dpkg-query says "package:architecture: path", of files and not of links to them; what is in no package is not ours to replace.
  package=$(dpkg-query -S "$(readlink -f "$1/postgres")" 2>/dev/null | sed -n '1s/:.*//p') || package=
  [ -n "$package" ] || return 0
  say "looking for a newer $package"
  {
    if [ -z "${apt_updated:-}" ]; then
      list=$package as_root apt-get -qq update || say "warning: apt-get update failed; going on with the lists that are here"
      export apt_updated=1
    fi
    list=$package as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -qq \
      -o DPkg::Lock::Timeout=300 install -y --no-install-recommends --only-upgrade "$package" ||
      say "warning: $package could not be upgraded; going on with the one that is here"
  } </dev/null >&2
}

need_cargo() {
  # rustup puts it there, and only login shells have it on PATH.
  if ! has cargo && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
  fi
  has cargo || die "cargo is missing" "install Rust with rustup, or a package of your system with rustc 1.94 or later"
}

# Programs of PyPI and crates.io that only scripts need, each in the version that is named here.
tools=${MARTYDB_TOOLS:-$PWD/target/ci-tools}

pypi() { # pypi COMMAND PACKAGE==VERSION: 1 if it cannot be had
  local version=$tools/versions/${2%%==*}
  [ "$(cat "$version" 2>/dev/null)" = "$2" ] && [ -x "$tools/bin/$1" ] && return
  python3 -c "import ensurepip, venv" 2>/dev/null || install python
  { [ -x "$tools/bin/pip" ] || python3 -m venv "$tools"; } >&2 &&
    "$tools/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$2" >&2 &&
    mkdir -p "$tools/versions" && printf '%s' "$2" >"$version"
}

need_pypi() { # need_pypi COMMAND PACKAGE==VERSION; puts it on PATH
  case :$PATH: in *":$tools/bin:"*) ;; *) PATH=$tools/bin:$PATH ;; esac
  pypi "$1" "$2" || die "PyPI does not give $2"
}

need_crate() { # need_crate COMMAND VERSION; puts it on PATH
  case :$PATH: in *":$tools/cargo/bin:"*) ;; *) PATH=$tools/cargo/bin:$PATH ;; esac
  grep -qsF "\"$1 $2 " "$tools/cargo/.crates.toml" && return
  say "installing $1 $2"
  # Optimised ones would take longer to build than they save.
  env -u RUSTFLAGS -u RUSTC_WORKSPACE_WRAPPER CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR="$PWD/target/ci-tools-build" \
    cargo install --quiet --locked --debug --root "$tools/cargo" "$1@$2" >&2 || die "crates.io does not give $1 $2"
}

# Rust's linker, and ring has parts in C.
need_cc() {
  has cc || install cc
  has cc || die "there is no C compiler" "install one that answers to cc (macOS: xcode-select --install)"
}

# Not every system has it; its tests are left out then, aloud.
has_pooler() { has pgbouncer || [ -x /usr/sbin/pgbouncer ]; }

want_pooler() {
  has_pooler || (install pooler) || say "pgbouncer could not be installed: poolers are NOT tested"
}

# Not every system has it; its tests are left out then, aloud.
has_prometheus() { has prometheus && has promtool; }

want_prometheus() {
  has_prometheus || (install prometheus) || say "Prometheus could not be installed: alerts are NOT tested"
}

# Likewise.
want_pgbackrest() {
  has pgbackrest || (install pgbackrest) || say "pgbackrest could not be installed: it is NOT tested"
}

# Likewise: the brokers that `martydb relay` publishes to.
want_brokers() {
  has nats-server || (install nats) || say "nats-server could not be installed: the relay to it is NOT tested"
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || (install rabbitmq) \
    || say "rabbitmq-server could not be installed: the relay to it is NOT tested"
}

# What librdkafka is built with.
has_kafka() {
  has make && has pkg-config && pkg-config --exists openssl
}
has_static_kafka() {
  has make && has perl && perl -MFindBin -MIPC::Cmd -MTime::Piece -e 1 2>/dev/null
}
want_kafka() {
  has_kafka || (install librdkafka) || say "OpenSSL's headers could not be installed: the relay's client of Kafka is NOT built"
}

want_redis() {
  { has redis-server && has redis-cli; } || (install redis) || say "redis-server could not be installed: keys of services on it are NOT tested"
}

want_age() {
  has age || (install age) || say "age could not be installed: that it reads backups is NOT tested"
}

# The tests of TLS make certificates of their own.
need_openssl() {
  has openssl || install openssl
  has openssl || die "openssl is missing" "install the package openssl"
}

# Signs evidence.
need_ssh_keygen() {
  has ssh-keygen || install ssh
  has ssh-keygen || die "ssh-keygen is missing" "install OpenSSH's client programs"
}

need_npm() {
  { has npm && has node; } || install npm
  { has npm && has node; } || die "npm is missing" "install Node.js with npm"
}

need_server() {
  local dir
  if [ -n "${MARTYDB_PG_BIN:-}" ]; then return; fi
  dir=$(server_bin)
  if [ -z "$dir" ]; then
    install server
    dir=$(server_bin)
  fi
  [ -n "$dir" ] || die "no PostgreSQL server of 13 or later" \
    "install one (initdb, pg_ctl and postgres), or put the folder that holds these three on PATH"
  # First, so that an older one is not found instead.
  [ "$(command -v postgres)" = "$dir/postgres" ] || PATH="$dir:$PATH"
}

# Prints a new folder in memory, where there is plenty of it; fails where there is not.
folder_in_memory() {
  local free available
  [ -d /dev/shm ] && [ -w /dev/shm ] || return 1
  free=$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')
  available=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
  [ "${free:-0}" -ge 8388608 ] && [ "${available:-0}" -ge 12582912 ] || return 1
  mktemp -d /dev/shm/martydb.XXXXXX
}
