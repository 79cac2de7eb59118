# martydb as a static binary in a small image: docker build -t martydb --build-arg MARTYDB_COMMIT="$(git rev-parse --short=9 HEAD)" .
# Run it on a checkout: docker run --rm -v "$PWD:/work" -e DB_HOST -e DB_USER -e DB_PASSWORD martydb status

FROM rust:1.95-alpine AS build
WORKDIR /martydb
# The repository's history is not copied: the commit comes from outside.
ARG MARTYDB_COMMIT=
COPY . .
# Alpine's own target is musl: what comes out needs no library. No path of this stage goes into it.
RUN RUSTFLAGS="--remap-path-prefix=$CARGO_HOME=/cargo" cargo build --locked --profile dist --bin martydb \
  && target/dist/martydb --version

# Not scratch: the runners of GitLab and GitHub start a job in a shell. It brings the CA certificates too.
FROM alpine:3.22
COPY --from=build /martydb/target/dist/martydb /usr/local/bin/martydb
RUN adduser -D -u 10001 martydb
USER 10001
WORKDIR /work
# A checkout that is mounted belongs to its account outside: this takes its manifest from any account.
ENV MARTYDB_MANIFEST=.
ENTRYPOINT ["martydb"]
CMD ["--help"]
