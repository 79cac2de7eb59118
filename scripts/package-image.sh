# shellcheck shell=bash disable=SC2154 # the variables are scripts/package's
# Sourced by scripts/package: the OCI image, made without a daemon, as an archive that any of podman, docker and skopeo loads.

# Debian release of the image, and the releases whose packages bring the clients of PostgreSQL: the newest one's libpq serves all.
image_release=trixie
clients="15:bookworm 17:trixie 18:forky"

# What the clients and a pipeline need. The essential packages bring a shell.
image_packages=ca-certificates,libgssapi-krb5-2,libldap2,liblz4-1,libssl3t64,libzstd1,zlib1g

need_image_tools() {
  local program
  for program in mmdebstrap umoci skopeo; do
    has "$program" || install "$program"
    has "$program" || die "$program is missing" "the image is made on Debian and its derivatives"
  done
}

# A mirror may be a snapshot, whose signatures are checked and whose day has passed: the same packages give the same image.
snapshot='Acquire::Check-Valid-Until "false"'

# The last security updates are among the sources that mmdebstrap takes by itself: without them a client does not read a server
# that has them.
fetch_clients() { # fetch_clients FOLDER: pg_dump, pg_restore and libpq below it
  local row major release from
  for row in $clients; do
    major=${row%:*}
    release=${row#*:}
    from=$stage/client-$major
    mmdebstrap --quiet --variant=extract --include="postgresql-client-$major,libpq5" --architectures="$image_architecture" \
      --aptopt="$snapshot" "$release" "$from" >&2 || die "Debian $release gives no client of PostgreSQL $major"
    (cd "$from" && cp -a --parents usr/lib/postgresql/"$major"/bin/pg_{dump,restore} usr/lib/*/libpq.so.5* \
      usr/share/doc/{libpq5,postgresql-client-"$major"}/copyright "$1")
    rm -rf "$from"
  done
}

pack_image() {
  need_image_tools
  local root=$stage/image layout=$stage/oci name=martydb-$version-oci-${target%%-*}.tar image_architecture
  case $target in x86_64-*) image_architecture=amd64 ;; aarch64-*) image_architecture=arm64 ;; *) die "no image for $target" ;; esac
  mkdir "$stage/clients"
  fetch_clients "$stage/clients"
  # Without what a container never reads: documentation but licences, translations, apt's lists and logs.
  mmdebstrap --quiet --variant=essential --include="$image_packages" --architectures="$image_architecture" --aptopt="$snapshot" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --customize-hook="copy-in $stage/clients/usr /" \
    --customize-hook="copy-in $stage/tree/bin /usr/local" \
    --customize-hook='chroot "$1" ldconfig' \
    --customize-hook='echo "martydb:x:10001:10001::/work:/usr/sbin/nologin" >>"$1/etc/passwd"; echo "martydb:x:10001:" >>"$1/etc/group"' \
    --customize-hook='mkdir "$1/work"; rm -rf "$1"/var/log/* "$1"/var/cache/* "$1"/var/lib/apt/lists/* "$1"/etc/*- "$1"/etc/machine-id "$1"/etc/hostname "$1"/etc/resolv.conf' \
    "$image_release" "$root.tar" >&2
  write_image "$root.tar" "$layout"
  skopeo copy --quiet "oci:$layout:$version" "oci-archive:$stage/$name:martydb:$version" >&2
  # Packed once more: skopeo's archive bears the time of the run.
  mkdir "$stage/archive"
  tar -xf "$stage/$name" -C "$stage/archive"
  same_tar -C "$stage/archive" -cf "$packages/$name" blobs index.json oci-layout
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
