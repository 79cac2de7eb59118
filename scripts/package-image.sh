# shellcheck shell=bash disable=SC2154 # the variables are scripts/package's
# Sourced by scripts/package: the OCI image, made without a daemon, as an archive that any of podman, docker and skopeo loads.

# Debian release of the image, and the releases whose packages bring the clients of PostgreSQL: the newest one's libpq serves all.
image_release=trixie
clients="15:bookworm 17:trixie 18:forky"
debian_mirror=${MARTYDB_DEBIAN_MIRROR:-http://deb.debian.org}

# What the clients and a pipeline need. The essential packages bring a shell.
image_packages=ca-certificates,libgssapi-krb5-2,libldap2,liblz4-1,libssl3t64,libzstd1,zlib1g

debian_sources() { # debian_sources RELEASE: with its security updates, without which a client does not read a server that has them
  echo "deb [signed-by=$debian_keys] $debian_mirror/debian $1 main"
  echo "deb [signed-by=$debian_keys] $debian_mirror/debian-security $1-security main"
}

need_image_tools() {
  local program
  for program in mmdebstrap umoci skopeo; do
    has "$program" || install "$program"
    has "$program" || die "$program is missing" "the image is made on Debian and its derivatives"
  done
}

# apt with lists of its own, for the packages of other releases; checked by the keys of this machine's Debian.
apt_of() { # apt_of FOLDER ARGUMENTS...
  local folder=$1
  shift
  (cd "$folder" && apt-get -qq -o Dir="$folder" -o Dir::State::status="$folder/status" -o APT::Architecture="$image_architecture" \
    -o APT::Sandbox::User=root -o Dir::Etc::TrustedParts=/etc/apt/trusted.gpg.d -o Dir::Bin::Methods=/usr/lib/apt/methods "$@" </dev/null >&2)
}

fetch_clients() { # fetch_clients FOLDER: pg_dump, pg_restore and libpq below it
  local apt=$stage/apt row
  for row in $clients; do
    rm -rf "$apt"
    mkdir -p "$apt"/{etc/apt/{apt.conf.d,preferences.d,sources.list.d},var/lib/apt/lists/partial,var/cache/apt/archives/partial}
    : >"$apt/status"
    debian_sources "${row#*:}" >"$apt/etc/apt/sources.list"
    apt_of "$apt" update
    apt_of "$apt" download "postgresql-client-${row%:*}" libpq5
    for package in "$apt"/*.deb; do
      dpkg-deb --fsys-tarfile "$package" |
        tar -x -C "$1" --wildcards --no-wildcards-match-slash --ignore-failed-read \
          "./usr/lib/postgresql/${row%:*}/bin/pg_dump" "./usr/lib/postgresql/${row%:*}/bin/pg_restore" "./usr/lib/*/libpq.so.5*" \
          "./usr/share/doc/*/copyright" 2>/dev/null || true
    done
    [ -x "$1/usr/lib/postgresql/${row%:*}/bin/pg_restore" ] || die "Debian ${row#*:} gives no client of PostgreSQL ${row%:*}"
  done
}

pack_image() {
  need_image_tools
  local root=$stage/image layout=$stage/oci name=martydb-$version-oci-${target%%-*}.tar image_architecture debian_keys
  case $target in x86_64-*) image_architecture=amd64 ;; aarch64-*) image_architecture=arm64 ;; *) die "no image for $target" ;; esac
  debian_keys=$(ls /usr/share/keyrings/debian-archive-keyring.gpg) || die "Debian's keys are missing" "install debian-archive-keyring"
  mkdir "$stage/clients"
  fetch_clients "$stage/clients"
  # Without what a container never reads: documentation but licences, translations, apt's lists and logs.
  mmdebstrap --quiet --variant=essential --include="$image_packages" --architectures="$image_architecture" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --customize-hook="copy-in $stage/clients/usr /" \
    --customize-hook="copy-in $stage/tree/bin /usr/local" \
    --customize-hook='chroot "$1" ldconfig' \
    --customize-hook='echo "martydb:x:10001:10001::/work:/usr/sbin/nologin" >>"$1/etc/passwd"; echo "martydb:x:10001:" >>"$1/etc/group"' \
    --customize-hook='mkdir "$1/work"; rm -rf "$1"/var/log/* "$1"/var/cache/* "$1"/var/lib/apt/lists/* "$1"/etc/*- "$1"/etc/machine-id "$1"/etc/hostname "$1"/etc/resolv.conf' \
    "$image_release" "$root.tar" - < <(debian_sources "$image_release") >&2
  write_image "$root.tar" "$layout"
  (cd "$stage" && skopeo copy --quiet "oci:$layout:$version" "oci-archive:$packages/$name:martydb:$version" >&2)
  say "the image has $(($(wc -c <"$packages/$name") / 1000000)) MB compressed"
}

# The entry point takes martydb's arguments; a pipeline starts a shell instead. A checkout that is mounted belongs to its account
# outside: MARTYDB_MANIFEST takes its manifest from any account.
write_image() { # write_image TAR LAYOUT
  local at=(--history.created "$(commit_time %Y-%m-%dT%H:%M:%SZ)")
  umoci init --layout "$2"
  umoci new --image "$2:$version"
  umoci raw add-layer --image "$2:$version" "${at[@]}" --history.created_by scripts/package "$1"
  umoci config --image "$2:$version" "${at[@]}" --created "$(commit_time %Y-%m-%dT%H:%M:%SZ)" \
    --config.user 10001 --config.workingdir /work --config.env MARTYDB_MANIFEST=. --architecture "$image_architecture" \
    --config.entrypoint martydb --config.cmd --help --config.label "org.opencontainers.image.version=$version" \
    --config.env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --config.label "org.opencontainers.image.revision=$(git rev-parse HEAD)" \
    --config.label "org.opencontainers.image.licenses=MIT OR Apache-2.0"
  umoci gc --layout "$2"
}
