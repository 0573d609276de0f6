#!/bin/sh
# npm start: installs, builds, and runs the proxy; without --local it runs from source in front of a demo homeserver.
# Ends in exec, so that a signal reaches the proxy.
set -e
cd "$(dirname "$0")/../.."
sh tools/start/install.sh
for argument; do
  case $argument in
  --local | -local | --local=* | -local=*)
    (cd apps/proxy && ../../node_modules/.bin/tsup --silent) >&2
    exec node apps/proxy/dist/cli.js "$@"
    ;;
  esac
done
exec node --import tsx --conditions=@lb-matrix/source tools/start/src/demo.ts "$@"
