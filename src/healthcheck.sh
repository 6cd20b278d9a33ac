#!/usr/bin/env bash
# Checks that a URL answers with 200: `bash src/healthcheck.sh http://127.0.0.1:7071/readyz` exits with 0, or with 1 and the
# answer. It is a shell script because another Node for each check would take 40 MiB of the container's memory.
set -uo pipefail

# Seconds for each part of the answer.
patience=3

fail() {
  printf '%s: %s\n' "$url" "$1" >&2
  exit 1
}

url=${1:-}
[[ $url =~ ^http://(\[[0-9A-Fa-f:.]+\]|[^:/]+):([0-9]+)(/.*)$ ]] || fail 'not a URL of the form http://host:port/path'
host=${BASH_REMATCH[1]} port=${BASH_REMATCH[2]} path=${BASH_REMATCH[3]}
# An IPv6 address has brackets in a URL only.
address=${host//[][]/}

# Bash itself opens a TCP connection for this name.
{ exec 3<> "/dev/tcp/$address/$port"; } 2> /dev/null || fail 'no connection'
printf 'GET %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n' "$path" "$host" "$port" 2> /dev/null >&3
read -r -t "$patience" -u 3 protocol status _ 2> /dev/null
# Above 128 when the time is over, and 1 when the other side has closed.
outcome=$?
((outcome > 128)) && fail "no answer within $patience s"
((outcome == 0)) || fail 'the connection was closed without an answer'
[[ $protocol == HTTP/* ]] || fail 'the answer is not HTTP'
[[ $status == 200 ]] && exit 0
IFS= read -r -d '' -t "$patience" -n 4096 -u 3 answer
fail "$status ${answer#*$'\r\n\r\n'}"
