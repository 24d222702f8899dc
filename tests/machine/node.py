# SPDX-License-Identifier: Apache-2.0
"""A node installed from the package: its friend, its services one by one, its jails, and its end."""

INSTALLED = """
dpkg -i /root/package.deb > /run/said 2>&1 || fail "dpkg: $(cat /run/said)"
for user in router keystore peerdb shaper; do getent passwd covfefe-$user > /dev/null || fail "no user covfefe-$user"; done
getent group covfefe > /dev/null || fail "no group covfefe"
systemctl list-units --all --no-legend 'covfefe*' | grep -q ' active ' && fail "something runs"
systemctl is-enabled --quiet covfefe.target && fail "it is enabled"
command -v covfefe
"""

BEFORE_THE_VOLUME = """
covfefe init --name alice > /run/said 2>&1 || fail "$(cat /run/said)"
grep -q 'the keystore will refuse to start' /run/said || fail "no warning: $(cat /run/said)"
grep -q 'luksFormat' /run/said || fail "no fix: $(cat /run/said)"
rm -rf /etc/covfefenet.yaml /etc/covfefe/identity.yaml /etc/covfefe/credentials/keystore.key /var/lib/covfefe/keystore/keys.sealed
"""

STARTED = """
covfefe init --name alice > /run/said 2>&1 || fail "$(cat /run/said)"
grep -q 'refuse' /run/said && fail "$(cat /run/said)"
systemctl enable --now covfefe.target 2> /run/said || fail "$(cat /run/said)"
until_true 120 "the node to be whole" whole
systemctl show --value -p Slice covfefe-router.service
"""

FRIENDS = """
friend_up > /run/said 2>&1 || fail "$(cat /run/said)"
covfefe card --root $BOB --endpoint 10.99.0.2:6363 > /root/bob.card
covfefe card --endpoint 10.99.0.1:6363 > /root/alice.card
covfefe friend add /root/bob.card --name bob --trust met || fail "bob was not added"
covfefe friend add /root/alice.card --name alice --trust met --root $BOB || fail "alice was not added"
ping_bob
traffic_goes_on 1 90
until_true 60 "echoes inside the session" covfefe ping bob --count 2
"""

# One service ends; the others' processes are the same after it, and packets go on.
ENDED = """
all=($SERVICES); before=($(pids)); from=$(wc -l < $PINGS)
for i in 0 1 2 3 4; do [ "${all[i]}" = "$VICTIM" ] && hit=$i; done
[ "${before[hit]}" -gt 1 ] || fail "$VICTIM does not run: ${before[*]}"
case $HOW in
  kill) kill -9 "${before[hit]}";;
  restart) systemctl restart covfefe-$VICTIM.service;;
esac
anew() { now=$(pid_of $VICTIM); [ "$now" -gt 1 ] && [ "$now" != "${before[hit]}" ] && systemctl is-active -q covfefe-$VICTIM.service; }
until_true 60 "$VICTIM to be back" anew
traffic_goes_on 5 60
after=($(pids))
for i in 0 1 2 3 4; do
  [ $i = "$hit" ] || [ "${before[i]}" = "${after[i]}" ] || fail "${all[i]} was restarted too: ${before[*]} → ${after[*]}"
done
longest_silence "$from"
"""

RELOADED = """
before=$(pids)
sed -i 's/^name: .*/name: alina/' /etc/covfefenet.yaml
systemctl reload covfefe-router.service || fail "$(journalctl -u covfefe-router.service -n 5 -o cat)"
[ "$before" = "$(pids)" ] || fail "a process was started anew"
until_true 20 "the new configuration" systemctl is-active -q covfefe-router.service
sed -i 's/^name: .*/name: alice/' /etc/covfefenet.yaml
echo 'no yaml: [' > /run/broken; cp /etc/covfefenet.yaml /run/good; cat /run/broken > /etc/covfefenet.yaml
systemctl reload covfefe-router.service 2> /dev/null && fail "a broken configuration was taken"
cat /run/good > /etc/covfefenet.yaml
systemctl is-active -q covfefe-router.service || fail "the router ended over a broken configuration"
traffic_goes_on 3 60
"""

# Too long to be a cell, and counted as such: from this host it does not arrive, over the wire it does.
WIRES = """
oversized() { covfefe inspect router --json | grep -o '"udp.truncated": *[0-9]*' | grep -o '[0-9]*$'; }
before=$(oversized)
for address in 127.0.0.1 ::1; do
  for port in 6363 6364 6365; do head -c 4000 /dev/zero > /dev/udp/$address/$port; done
done
sleep 1
[ "$(oversized)" = "$before" ] || fail "datagrams of this host arrived: $before → $(oversized)"
for port in 6363 6364 6365; do ip netns exec bob bash -c "head -c 4000 /dev/zero > /dev/udp/10.99.0.1/$port"; done
arrived() { [ "$(oversized)" = $((before + 3)) ]; }
until_true 20 "three datagrams over the wire" arrived
"""

JAILS = """
for service in $SERVICES; do
  covfefe inspect $service --json > /run/said || fail "inspect $service: $(cat /run/said)"
  grep -q '"verdict": *"closed' /run/said || fail "$service: $(cat /run/said)"
  abi=$(sed -n 's/.*"landlock": *\\([0-9]*\\).*/\\1/p' /run/said)
  # Linux 6.1 has Landlock's second version.
  [ "$service" = tun-helper ] || [ "$abi" = 2 ] || fail "$service reports Landlock $abi"
  printf '%s=%s ' $service "$abi"
done
for service in router keystore peerdb shaper; do
  grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/$(pid_of $service)/status | tr -s '\\t\\n' '  ' |
    grep -qx 'CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 ' || fail "$service: $(grep -E '^(Cap|NoNew|Secc)' /proc/$(pid_of $service)/status)"
done
# What the policies refuse on purpose (setsockopt, openat and clone3 of the libraries) is logged, too.
dmesg | grep 'type=1326' | grep -vE 'syscall=(54|257|435) ' | head -3 > /run/said
[ -s /run/said ] && fail "a system call was refused: $(cat /run/said)"
true
"""

REBOOTED = """
systemctl is-system-running --wait > /run/said; grep -qE 'running|degraded' /run/said || fail "$(cat /run/said)"
systemctl --failed --no-legend | grep . && fail "failed units"
until_true 120 "the node to be whole" whole
findmnt -n -o SOURCE /var/lib/covfefe
friend_up > /run/said 2>&1 || fail "$(cat /run/said)"
ping_bob
traffic_goes_on 5 90
"""

# The volume is the operator's: it is taken away first, its key file stays. The node's own things all go.
PURGED = """
systemctl stop bob.service pings.service covfefe.target
umount /var/lib/covfefe && systemctl stop systemd-cryptsetup@covfefe.service || fail "the volume was not closed"
sed -i /covfefe/d /etc/fstab /etc/crypttab && systemctl daemon-reload
dpkg --purge covfefenet > /run/said 2>&1 || fail "purge: $(cat /run/said)"
find / -xdev \\( -path /proc -o -path /sys -o -path /root -o -path /srv -o -path /dev \\) -prune -o -iname '*covfefe*' -print |
  grep -vx /etc/covfefe-volume.key > /run/left
getent passwd | grep covfefe >> /run/left
getent group | grep covfefe >> /run/left
# A name that systemd remembers from a job is no unit.
systemctl list-units --all --no-legend 'covfefe*' | grep -v ' not-found ' >> /run/left
ip link show covfefe0 >> /run/left 2> /dev/null
[ ! -s /run/left ] || fail "left: $(cat /run/left)"
"""
