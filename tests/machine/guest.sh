# SPDX-License-Identifier: Apache-2.0
# Sourced by every script that the test runs in the machine. A check that fails says what was seen.
set +o pipefail # grep -q ends before its writer does
SERVICES="tun-helper keystore peerdb shaper router"
VOLUME=/dev/vdc
OTHER=/dev/vdd
BOB=/srv/bob
PINGS=/run/pings

fail() { echo "FAILED: $*"; exit 1; }

until_true() { # SECONDS WHAT COMMAND...
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /run/last-try 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { cat /run/last-try; fail "waited for $what"; }
    sleep 0.3
  done
}

pid_of() { systemctl show --value -p MainPID "covfefe-$1.service"; }

pids() { # in the order of SERVICES, on one line
  systemctl show --value -p MainPID $(printf 'covfefe-%s.service ' $SERVICES) | tr -s '\n' ' '
}

states() { systemctl is-active "$@" | tr '\n' ' '; }

replies() { grep -c 'bytes from' "$PINGS"; }

more_replies() { [ "$(replies)" -ge "$1" ]; } # THAN

traffic_goes_on() { # REPLIES WITHIN-SECONDS
  local before
  before=$(replies)
  until_true "$2" "$1 more answers to ping" more_replies $((before + $1))
}

whole() { # [WHERE]: every service answers that it is well. Slow machines take longer than `covfefe status` waits.
  local service
  for service in $SERVICES; do
    covfefe inspect "$service" --json "$@" | grep -q '"state": *"ok"' || { echo "$service is not"; return 1; }
  done
}

address_of() { covfefe id --json "$@" | sed -n 's/.*"address": *"\([^"]*\)".*/\1/p'; }

friend_up() { # the second node: a namespace of its own, a wire to it, and `covfefe up`
  modprobe -q veth
  ip netns add bob
  ip link add to-bob type veth peer name to-alice netns bob
  ip addr add 10.99.0.1/24 dev to-bob
  ip link set to-bob up
  ip -n bob addr add 10.99.0.2/24 dev to-alice
  ip -n bob link set lo up
  ip -n bob link set to-alice up
  [ -e $BOB/etc/covfefenet.yaml ] || ip netns exec bob covfefe init --root $BOB --name bob --tun cov-bob
  systemd-run -q --unit=bob ip netns exec bob covfefe up --root $BOB --jail-unknown kill
  until_true 120 "bob to be up" whole --root $BOB
}

ping_bob() { # for as long as the machine runs
  systemd-run -q --unit=pings -p StandardOutput=file:$PINGS ping -6 -n -D -i 0.2 "$(address_of --root $BOB)"
}

longest_silence() { # in the answers from line FROM on
  tail -n "+$1" "$PINGS" | sed -n 's/^\[\([0-9.]*\)\].*bytes from.*/\1/p' |
    awk 'NR > 1 && $1 - last > worst { worst = $1 - last } { last = $1 } END { printf "%.1f", worst }'
}

status_has() { # SERVICE WORDS
  systemctl show -p StatusText "covfefe-$1.service" | grep -F -- "$2"
}

journal_has() { # UNIT WORDS
  journalctl -b -u "$1" -o cat --no-pager | grep -qF -- "$2"
}
