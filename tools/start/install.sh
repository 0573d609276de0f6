#!/bin/sh
# Installs the workspace with the pinned pnpm; a fresh machine needs only Node and npm.
set -e
cd "$(dirname "$0")/../.."
npx -y pnpm@12.21.0 install --frozen-lockfile --reporter=append-only >&2
