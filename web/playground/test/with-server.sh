#!/bin/sh
# Runs a command against a fresh dev server: with-server.sh SIGNALBOX_DEV COMMAND…
# The command finds the server in SIGNALBOX_URL.
set -eu
server=$1
shift
dir=$(mktemp -d)
"$server" run --dir "$dir/data" --listen 127.0.0.1:0 --postgres-port 0 --temporal-port 0 --ui-port 0 >"$dir/out" 2>"$dir/err" &
pid=$!
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT
for _ in $(seq 1 600); do
  SIGNALBOX_URL=$(sed -n 's|^ *GraphQL *\(http://.*\)/graphql$|\1|p' "$dir/out")
  [ -n "$SIGNALBOX_URL" ] && break
  kill -0 "$pid" 2>/dev/null || { cat "$dir/err" >&2; exit 1; }
  sleep 0.2
done
[ -n "$SIGNALBOX_URL" ] || { echo "the dev server was not ready in two minutes" >&2; cat "$dir/err" >&2; exit 1; }
export SIGNALBOX_URL
"$@"
