#!/bin/sh
# Installs the workspace with the pinned pnpm; a fresh machine needs only Node and npm.
set -e
cd "$(dirname "$0")/../.."
# What tests are made of asks for Node 22 in part, and runs on 20 all the same (CI): no warning of each.
case $(node -v) in
v20.19.* | v20.[2-9][0-9].*) set -- --config.node-version=22.13.0 ;;
*) set -- ;;
esac
npx -y pnpm@12.21.0 install --frozen-lockfile --reporter=append-only "$@" >&2
