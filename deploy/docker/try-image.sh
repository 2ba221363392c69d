#!/usr/bin/env bash
# Builds the image and runs it the way it is meant to be run: not root, read-only root file system, no capabilities.
# Never pulls. Where the base image is not on the machine, it makes one: Debian by debootstrap (as root), with this
# clone's Node 24 and the machine's npm and certificate authorities.
#
#   deploy/docker/try-image.sh
#
#   NODE_IMAGE   base image that is on this machine (default: the Dockerfile's, else one that is made)
#   IMAGE        name of the result (default roamwatch:try)
#   DEBIAN_MIRROR, DEBIAN_SUITE   where debootstrap gets Debian from (default deb.debian.org, bookworm)
#   DOCKER_HOST  the Docker engine, as everywhere
#
# The last line is one JSON object with the figures. Ends with 0, 1 (something is wrong) or 77 (no Docker here).
set -euo pipefail
cd "$(dirname "$0")/../.."

image=${IMAGE:-roamwatch:try}
made_base=roamwatch-local-base:node24
default_base=$(sed -n 's/^ARG NODE_IMAGE=//p' deploy/docker/Dockerfile)
work=$(mktemp -d)
container=roamwatch-try-$$
trap 'docker rm -f "$container" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

say() { printf '%s\n' "$*" >&2; }
fail() { say "try-image: $*"; exit 1; }
has_image() { docker image inspect "$1" >/dev/null 2>&1; }

if ! command -v docker >/dev/null; then
  say 'try-image: not run: there is no docker command. On Debian: apt-get install docker.io'
  exit 77
fi
if ! reason=$(docker version --format '{{.Server.Version}}' 2>&1); then
  say "try-image: not run: no Docker engine answers ($(tail -1 <<<"$reason")). Start dockerd, or point DOCKER_HOST at one."
  exit 77
fi

make_base() {
  [ "$(id -u)" = 0 ] || fail "$default_base is not on this machine, and making a base needs root. Set NODE_IMAGE."
  command -v debootstrap >/dev/null || fail 'no debootstrap to make a base with. On Debian: apt-get install debootstrap'
  local node=node_modules/node/bin/node npm root="$work/base"
  [ -x "$node" ] || fail 'this clone is not installed: run npm ci'
  npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
  say "making $made_base with debootstrap …"
  debootstrap --variant=minbase --include=ca-certificates "${DEBIAN_SUITE:-bookworm}" "$root" \
    "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$work/debootstrap.log" 2>&1 ||
    fail "debootstrap failed: $(tail -1 "$work/debootstrap.log")"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
  cp -L "$node" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -a "$npm" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  chroot "$root" groupadd --gid 1000 node
  chroot "$root" useradd --uid 1000 --gid node --create-home node
  # A company's own authorities, which the registry or a proxy may need.
  [ ! -r /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  tar -C "$root" -c . | docker import \
    --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' \
    --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - "$made_base" >/dev/null
}

base=${NODE_IMAGE:-$default_base}
if ! has_image "$base"; then
  [ -z "${NODE_IMAGE:-}" ] || fail "$base is not on this machine, and this script does not pull"
  has_image "$made_base" || make_base
  base=$made_base
fi

say "building $image on $base …"
# The host's network: the registry may be reachable from here only.
docker build --network host --build-arg "NODE_IMAGE=$base" -f deploy/docker/Dockerfile -t "$image" . >"$work/build.log" 2>&1 ||
  { tail -20 "$work/build.log" >&2; fail 'the build failed'; }

locked=(--read-only --cap-drop ALL --security-opt no-new-privileges)
in_image() { docker run --rm -i --network none "${locked[@]}" "$@"; }
shell() { in_image --entrypoint /bin/sh "$image" -c "$1"; }

[ "$(shell 'id -u')" != 0 ] || fail 'it runs as root'
shell 'touch /app/x 2>/dev/null || touch /tmp/x 2>/dev/null' && fail 'the root file system can be written'
for absent in chdb @chdb ffi-rs node typescript vitest eslint testcontainers; do
  shell "test ! -e node_modules/$absent" || fail "node_modules/$absent has no place in the image"
done
shell 'test ! -e test && test ! -e .git && test ! -e .env && test ! -e data' || fail 'the image has files of the clone in it'
shell 'test -z "$(find /app -user 1000 -print -quit)"' || fail 'the service owns files of its own program'

in_image "$image" --help | grep -q '^Usage: roamwatch' || fail '--help does not answer'
in_image "$image" classify - <docs/example/pc7.xml >"$work/verdicts.ndjson" || fail 'classify failed'
verdicts=$(wc -l <"$work/verdicts.ndjson")
[ "$verdicts" = 5 ] || fail "classify printed $verdicts verdicts for the example, not 5"

# A gateway whose broker cannot be reached: it is well and says why it is not ready.
health() { docker inspect --format '{{.State.Health.Status}}' "$container"; }
probe() { docker exec "$container" node deploy/docker/health-check.mjs; }
docker run -d --name "$container" --network none "${locked[@]}" \
  -e ROAMWATCH_KAFKA_BROKERS=127.0.0.1:9 "$image" collect http >/dev/null
for _ in $(seq 100); do
  said=$(probe || true)
  [[ $said == *not_ready* ]] && break
  sleep 0.2
done
[[ $said == *not_ready* && $said == *kafka* ]] || { docker logs "$container" >&2; fail "the health check said: $said"; }
probe >/dev/null && fail 'the health check is satisfied without a broker'
[ "$(health)" != healthy ] || fail 'Docker holds a gateway without a broker for healthy'
started=$(date +%s%N)
docker stop -t 30 "$container" >/dev/null
stop_ms=$((($(date +%s%N) - started) / 1000000))
code=$(docker inspect --format '{{.State.ExitCode}}' "$container")
[ "$code" = 0 ] || { docker logs "$container" >&2; fail "SIGTERM ended it with $code, not 0"; }

size=$(docker image inspect --format '{{.Size}}' "$image")
base_size=$(docker image inspect --format '{{.Size}}' "$base")
printf '{"image":"%s","base":"%s","bytes":%s,"base_bytes":%s,"own_bytes":%s,"verdicts":%s,"stop_ms":%s}\n' \
  "$image" "$base" "$size" "$base_size" "$((size - base_size))" "$verdicts" "$stop_ms"
