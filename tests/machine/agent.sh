#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Root shell of the test, on a serial port of the virtual machine. A request is one line, NUMBER SECONDS
# SCRIPT, a reply one line, NUMBER EXIT-CODE OUTPUT; script and output in base64. A greeting after each start.
exec 3<>/dev/virtio-ports/test-agent
echo "hello" >&3
while read -r number seconds script <&3; do
  output=$(printf %s "$script" | base64 -d | timeout -k 5 "$seconds" bash -o pipefail 2>&1 | base64 -w 0; exit "${PIPESTATUS[2]}")
  printf '%s %s %s\n' "$number" "$?" "${output:-=}" >&3
done
